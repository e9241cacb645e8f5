# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Where the API server is and how to log in.

A kubeconfig that holds a token or a client certificate is read here. Everything else (exec and
OIDC plugins, in-cluster accounts, several files, passwords) is left to the `kubernetes` package,
so that every way of logging in works. The detour exists because importing that package takes 0.3
to 0.7 s, more than all the rest of a task that has nothing to do.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _impersonation,
    _kubeconfig_file,
    _web_proxy,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._kubeconfig_file import Chosen, Entry

# Options of kubernetes.core's auth fragment that this file can use without the kubernetes package.
_SIMPLE_OPTIONS = frozenset(
    {
        "kubeconfig",
        "context",
        "validate_certs",
        "proxy",
        "no_proxy",
        "impersonate_user",
        "impersonate_groups",
    }
)
_OPTIONS = {
    "kubeconfig": "K8S_AUTH_KUBECONFIG",
    "context": "K8S_AUTH_CONTEXT",
    "host": "K8S_AUTH_HOST",
    "api_key": "K8S_AUTH_API_KEY",
    "username": "K8S_AUTH_USERNAME",
    "password": "K8S_AUTH_PASSWORD",
    "validate_certs": "K8S_AUTH_VERIFY_SSL",
    "ca_cert": "K8S_AUTH_SSL_CA_CERT",
    "client_cert": "K8S_AUTH_CERT_FILE",
    "client_key": "K8S_AUTH_KEY_FILE",
    "proxy": "K8S_AUTH_PROXY",
    "no_proxy": "K8S_AUTH_NO_PROXY",
    "proxy_headers": "",
    "persist_config": "K8S_AUTH_PERSIST_CONFIG",
    "impersonate_user": "K8S_AUTH_IMPERSONATE_USER",
    "impersonate_groups": "K8S_AUTH_IMPERSONATE_GROUPS",
}
_BOOLEANS = frozenset({"validate_certs", "persist_config"})
_LISTS = frozenset({"impersonate_groups"})
_SIMPLE_CLUSTER_KEYS = frozenset(
    {
        "server",
        "certificate-authority",
        "certificate-authority-data",
        "insecure-skip-tls-verify",
        "tls-server-name",
        "proxy-url",
        "extensions",
    }
)
_SIMPLE_USER_KEYS = frozenset(
    {
        "token",
        "client-certificate",
        "client-certificate-data",
        "client-key",
        "client-key-data",
        "tokenFile",
        "as",
        "as-groups",
        "as-uid",
        "as-user-extra",
        "extensions",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A certificate or key, in a file or at hand."""

    path: str | None = None
    data: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """All that is needed to talk to one API server."""

    server: str
    verify: bool = True
    server_name: str | None = None
    ca: Material | None = None
    client_cert: Material | None = None
    client_key: Material | None = None
    proxy: str | None = None
    proxy_headers: Mapping[str, str] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    authorization: Callable[[], str | None] = lambda: None
    """The current value of the Authorization header; asked again after a 401."""


def connect(params: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Connection:
    """Resolve a module's authentication options, the K8S_AUTH_* environment and the kubeconfig.

    Without `environment` it is that of this process.
    """
    options = _with_environment(params, os.environ if environment is None else environment)
    chosen = None if suffice(options) else _chosen(options)
    connection = _simple(options, chosen) if chosen else None
    if connection is None:
        connection = _through_kubernetes(options)
    cluster = chosen.cluster.body if chosen else {}
    return replace(
        connection,
        proxy=_web_proxy.choose(connection.server, options, cluster.get("proxy-url")),
        headers=_impersonation.headers(options, chosen.user.body if chosen else {}),
        authorization=_token_file(options, chosen) or connection.authorization,
    )


def suffice(options: Mapping[str, Any]) -> bool:
    """Whether the options alone suffice, as in kubernetes.core."""
    return "host" in options and (
        "api_key" in options
        or {"username", "password"} <= set(options)
        or {"client_cert", "client_key"} <= set(options)
    )


def _with_environment(params: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, variable in _OPTIONS.items():
        value = params.get(name)
        if value is None and variable in environment:
            value = environment[variable]
            if name in _BOOLEANS:
                value = value.lower() not in ("0", "false", "no")
            elif name in _LISTS:
                value = value.split(",")
        if value is not None:
            options[name] = value
    return options


def _chosen(options: Mapping[str, Any]) -> Chosen | None:
    location = options.get("kubeconfig") or _kubeconfig_file.default_location()
    return _kubeconfig_file.read(location, options.get("context"))


def _simple(options: Mapping[str, Any], chosen: Chosen) -> Connection | None:
    """The connection of a kubeconfig without plugins, else None."""
    cluster, user = chosen.cluster.body, chosen.user.body
    if chosen.merged or "server" not in cluster or not set(options) <= _SIMPLE_OPTIONS:
        return None
    if not (set(cluster) <= _SIMPLE_CLUSTER_KEYS and set(user) <= _SIMPLE_USER_KEYS):
        return None
    token = user.get("token")
    return Connection(
        server=cluster["server"].rstrip("/"),
        verify=options.get("validate_certs", not cluster.get("insecure-skip-tls-verify", False)),
        server_name=cluster.get("tls-server-name"),
        ca=_material(chosen.cluster, "certificate-authority"),
        client_cert=_material(chosen.user, "client-certificate"),
        client_key=_material(chosen.user, "client-key"),
        authorization=lambda: f"Bearer {token}" if token else None,
    )


def _token_file(
    options: Mapping[str, Any], chosen: Chosen | None
) -> Callable[[], str | None] | None:
    """What reads the kubeconfig's token from its file anew; None where nothing of it is in one.

    Such a token is replaced while it is in use, which the package does not notice.
    """
    user = chosen.user if chosen else None
    # A provider goes before it in the package too; an option is the user's last word.
    if user is None or not user.body.get("tokenFile"):
        return None
    if "auth-provider" in user.body or "api_key" in options:
        return None
    path = user.folder / user.body["tokenFile"]

    def read() -> str:
        try:
            return f"Bearer {path.read_text(encoding='utf-8').strip()}"
        except OSError as error:
            raise BadInputError(
                f"The token of the kubeconfig cannot be read: {error}. Give another kubeconfig, or"
                " see to it that the file is there."
            ) from error

    return read


def _material(entry: Entry, key: str) -> Material | None:
    if entry.body.get(f"{key}-data"):
        return Material(data=base64.b64decode(entry.body[f"{key}-data"]))
    if entry.body.get(key):
        return Material(path=str(entry.folder / entry.body[key]))
    return None


def _through_kubernetes(options: Mapping[str, Any]) -> Connection:
    from ansible_collections.meshwright.istio.plugins.module_utils import (  # noqa: PLC0415
        _kubeconfig_package,
    )

    return _kubeconfig_package.connect(options)
