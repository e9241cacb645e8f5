# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Logging in by the `kubernetes` package's own configuration: every way that it knows."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    MeshError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._kubeconfig import (
    Connection,
    Material,
    suffice,
)
from ansible_collections.meshwright.istio.plugins.module_utils._kubeconfig_file import (
    default_location,
)


def connect(options: Mapping[str, Any]) -> Connection:
    """The connection that the kubernetes package makes of the given options."""
    try:
        from kubernetes import client  # noqa: PLC0415 - slow; see _kubeconfig.py
    except ImportError as error:
        raise MeshError(
            "The Python package kubernetes is needed to log in to this cluster. "
            "Install it for the interpreter that runs the module: pip install kubernetes."
        ) from error
    configuration = client.Configuration()
    # The package writes what the kubeconfig holds into files, and removes them at an exit that a
    # task's process does not have.
    with tempfile.TemporaryDirectory() as folder:
        needs_kubeconfig = not suffice(options)
        if needs_kubeconfig:
            _load(configuration, options, folder)
        _override(configuration, options)
        paths = (configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file)
        ca, client_cert, client_key = (_material(path, folder) for path in paths)
        if needs_kubeconfig:
            _forget_files()
    return Connection(
        server=str(configuration.host).rstrip("/"),
        verify=bool(configuration.verify_ssl),
        server_name=getattr(configuration, "tls_server_name", None),
        ca=ca,
        client_cert=client_cert,
        client_key=client_key,
        proxy_headers=configuration.proxy_headers or {},
        authorization=lambda: _authorization(configuration),
    )


def _load(configuration: Any, options: Mapping[str, Any], folder: str) -> None:
    from kubernetes import config  # noqa: PLC0415 - slow; see _kubeconfig.py

    arguments = {
        "context": options.get("context"),
        "persist_config": options.get("persist_config", False),
        "client_configuration": configuration,
        "temp_file_path": folder,
    }
    kubeconfig = options.get("kubeconfig")
    try:
        if isinstance(kubeconfig, Mapping):
            config.load_kube_config_from_dict(config_dict=dict(kubeconfig), **arguments)
        elif _is_in_cluster(options):
            config.load_incluster_config(client_configuration=configuration)
        else:
            config.load_kube_config(config_file=kubeconfig or default_location(), **arguments)
    except config.ConfigException as error:
        raise BadInputError(
            f"No way to log in to a cluster was found: {error} "
            "Give kubeconfig and context, or host and api_key, or set K8S_AUTH_KUBECONFIG."
        ) from error


def _forget_files() -> None:
    """Have the same content written anew: older versions fail when its file is gone."""
    from kubernetes.config import kube_config  # noqa: PLC0415 - slow; see _kubeconfig.py

    kube_config._cleanup_temp_files()


def _is_in_cluster(options: Mapping[str, Any]) -> bool:
    """Whether the pod's own account is all there is; a kubeconfig wins, as with kubectl."""
    if options.get("kubeconfig") or options.get("context"):
        return False
    paths = default_location().split(os.pathsep)
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and not any(
        path and Path(path).expanduser().exists() for path in paths
    )


def _override(configuration: Any, options: Mapping[str, Any]) -> None:
    attributes = {
        "host": "host",
        "username": "username",
        "password": "password",
        "validate_certs": "verify_ssl",
        "ca_cert": "ssl_ca_cert",
        "client_cert": "cert_file",
        "client_key": "key_file",
    }
    for option, attribute in attributes.items():
        if option in options:
            setattr(configuration, attribute, options[option])
    if "api_key" in options:
        # The one name that every version of the package looks for.
        configuration.api_key = {"authorization": f"Bearer {options['api_key']}"}
        configuration.refresh_api_key_hook = None
    if "proxy_headers" in options:
        import urllib3  # noqa: PLC0415 - rarely needed

        given = {key: value for key, value in options["proxy_headers"].items() if value}
        configuration.proxy_headers = urllib3.util.make_headers(**given)


def _authorization(configuration: Any) -> str | None:
    """The header's value; the package renews an expired token on the way."""
    bearer = configuration.auth_settings().get("BearerToken")
    if bearer is not None:
        return str(bearer["value"])
    if configuration.username:
        pair = f"{configuration.username}:{configuration.password or ''}"
        return "Basic " + base64.b64encode(pair.encode()).decode()
    return None


def _material(path: str | None, folder: str) -> Material | None:
    if not path:
        return None
    if Path(folder) in Path(path).parents:
        return Material(data=Path(path).read_bytes())
    return Material(path=str(path))
