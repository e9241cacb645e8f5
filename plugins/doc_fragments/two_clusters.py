# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The second cluster of a switchover, and what of both is looked at."""

    TARGET = r"""
options:
  target:
    description:
      - How the target is reached, by the options by which the module itself reaches the source.
      - What is not given is not taken from the environment, which is meant for the source.
    type: dict
    required: true
    suboptions:
      kubeconfig:
        description: Path of a kubeconfig, or its content as a dictionary.
        type: raw
      context:
        description: The context in the kubeconfig.
        type: str
      host:
        description: The URL of the API server.
        type: str
      api_key:
        description: A token.
        type: str
      username:
        description: The name of the user, for HTTP Basic.
        type: str
      password:
        description: The password of that user.
        type: str
      validate_certs:
        description: Whether to verify the API server's certificate.
        type: bool
        aliases: [verify_ssl]
      ca_cert:
        description: Path of the certificates that the API server's has to come from.
        type: path
        aliases: [ssl_ca_cert]
      client_cert:
        description: Path of the certificate to log in with.
        type: path
        aliases: [cert_file]
      client_key:
        description: Path of the key of that certificate.
        type: path
        aliases: [key_file]
      proxy:
        description: The URL of an HTTP proxy.
        type: str
      no_proxy:
        description: Hosts that are reached without the proxy.
        type: str
      proxy_headers:
        description: Headers for the proxy.
        type: dict
        suboptions:
          proxy_basic_auth:
            description: Name and password for the proxy, with a colon between.
            type: str
          basic_auth:
            description: Name and password for the API server, with a colon between.
            type: str
          user_agent:
            description: What the client calls itself.
            type: str
      persist_config:
        description: Whether to keep a token that was refreshed in the kubeconfig.
        type: bool
      impersonate_user:
        description: The user to act as.
        type: str
      impersonate_groups:
        description: The groups to act as.
        type: list
        elements: str
"""

    DOCUMENTATION = r"""
options:
  namespaces:
    description: >-
      The namespaces that count. By default all of the mesh and all with configuration of Istio.
      The one of the control plane always counts, since what it holds is in force everywhere.
    type: list
    elements: str
    default: []
  excluded_namespaces:
    description: Namespaces that do not count, also where all of the mesh does.
    type: list
    elements: str
    default: []
  istio_namespace:
    description: The namespace of the control planes in both clusters.
    type: str
    default: istio-system
"""
