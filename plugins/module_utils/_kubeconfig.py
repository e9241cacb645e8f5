# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Where the API server is and how to log in.

A kubeconfig that holds a token or a client certificate is read here. Everything else (exec and
OIDC plugins, in-cluster accounts, proxies, several files, passwords) is left to the `kubernetes`
package, so that every way of logging in works. The detour exists because importing that package
takes 0.3 to 0.7 s, more than all the rest of a task that has nothing to do.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _yaml
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError

# Options of kubernetes.core's auth fragment that this file can use without the kubernetes package.
_SIMPLE_OPTIONS = frozenset({"kubeconfig", "context", "validate_certs"})
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
        "extensions",
    }
)

_SECRET_KEYS = frozenset(
    {
        "token",
        "password",
        "client-key-data",
        "client-certificate-data",
        "id-token",
        "refresh-token",
        "access-token",
        "client-secret",
    }
)
# What is no secret (a profile, a region) is not hidden: its value may be a word of any result.
_SECRET_VARIABLE = re.compile(r"pass|secret|token|key|credential", re.IGNORECASE)


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
    if set(options) <= _SIMPLE_OPTIONS:
        simple = _read_simple(options)
        if simple is not None:
            return simple
    return _through_kubernetes(options)


def default_location() -> str:
    """The kubeconfig of whoever names none: one file, or several as in a PATH."""
    return os.environ.get("KUBECONFIG") or "~/.kube/config"


def secrets(value: Any) -> Iterator[str]:
    """The secrets of a kubeconfig that was given as a dictionary."""
    if isinstance(value, Mapping):
        # An entry of exec.env has a name and a value.
        variable = str(value.get("name", ""))
        for key, inner in value.items():
            if key in _SECRET_KEYS or (key == "value" and _SECRET_VARIABLE.search(variable)):
                if inner and isinstance(inner, str):
                    yield inner
            else:
                yield from secrets(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from secrets(inner)


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


def _read_simple(options: Mapping[str, Any]) -> Connection | None:
    """The connection of a kubeconfig without plugins, else None."""
    location = options.get("kubeconfig") or default_location()
    if isinstance(location, Mapping):
        document: Any = location
        folder = Path.cwd()
    else:
        path = Path(location).expanduser()
        if os.pathsep in str(location) or not path.is_file():
            return None
        folder = path.parent
        document = _load(path)
    context = _named(
        document, "contexts", options.get("context") or document.get("current-context")
    )
    if context is None:
        return None
    cluster = _named(document, "clusters", context.get("cluster"))
    user = _named(document, "users", context.get("user"))
    if cluster is None or user is None or "server" not in cluster:
        return None
    if not (set(cluster) <= _SIMPLE_CLUSTER_KEYS and set(user) <= _SIMPLE_USER_KEYS):
        return None
    token = user.get("token")
    return Connection(
        server=cluster["server"].rstrip("/"),
        verify=options.get("validate_certs", not cluster.get("insecure-skip-tls-verify", False)),
        server_name=cluster.get("tls-server-name"),
        ca=_material(cluster, "certificate-authority", folder),
        client_cert=_material(user, "client-certificate", folder),
        client_key=_material(user, "client-key", folder),
        authorization=lambda: f"Bearer {token}" if token else None,
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        documents = _yaml.load_all(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInputError(
            f"The kubeconfig {path} is not valid YAML ({error}). Give another with kubeconfig."
        ) from error
    if not documents or not isinstance(documents[0], dict):
        raise BadInputError(f"The kubeconfig {path} is empty. Give another with kubeconfig.")
    document: dict[str, Any] = documents[0]
    return document


def _named(document: Mapping[str, Any], section: str, name: str | None) -> dict[str, Any] | None:
    """The entry of that name; its body stands under the section's name in the singular."""
    for entry in document.get(section) or ():
        if entry.get("name") == name:
            return entry.get(section.removesuffix("s")) or {}
    return None


def _material(source: Mapping[str, Any], key: str, folder: Path) -> Material | None:
    if source.get(f"{key}-data"):
        return Material(data=base64.b64decode(source[f"{key}-data"]))
    if source.get(key):
        return Material(path=str(folder / source[key]))
    return None


def _through_kubernetes(options: Mapping[str, Any]) -> Connection:
    from ansible_collections.meshwright.istio.plugins.module_utils import (  # noqa: PLC0415
        _kubeconfig_package,
    )

    return _kubeconfig_package.connect(options)
