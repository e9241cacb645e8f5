# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The only file that talks to the API server: plain objects in and out, many requests at once."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _kubeconfig
from ansible_collections.meshwright.istio.plugins.module_utils._api import (
    PATCH_TYPES,
    Item,
    Object,
    Objects,
    Opened,
    Outcome,
    PatchType,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError, MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._http import (
    CONNECTIONS,
    URLLIB3_ERROR,
    Http,
)
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._module import Module
from ansible_collections.meshwright.istio.plugins.module_utils._wire import Schema

FIELD_MANAGER = "meshwright.istio"
# Its secrets are hidden by `_module`. Some versions of kubernetes.core have Ansible hide every text
# in a kubeconfig, also the name of a user, wherever it comes up in a result.
AUTHENTICATION = {**AUTH_ARG_SPEC, "kubeconfig": {**AUTH_ARG_SPEC["kubeconfig"], "no_log": False}}
PAGE = 2000


def create_module(argument_spec: Mapping[str, Any], **settings: Any) -> AnsibleModule:
    """An AnsibleModule with kubernetes.core's authentication options beside the given ones."""
    return Module(argument_spec={**AUTHENTICATION, **argument_spec}, **settings)


def create_client(module: AnsibleModule, login: Mapping[str, Any] | None = None) -> Client:
    """The client of the cluster that the module's options name, or the options in `login` alone."""
    if URLLIB3_ERROR is not None:
        raise MeshError("Python lacks the package urllib3 here. Install it: pip install urllib3.")
    gc.set_threshold(100_000)  # A module keeps what it reads: there is little garbage to look for.
    own = (module.params,) if login is None else (login, {})
    return Client(_kubeconfig.connect(*own))


class Client:
    """One API server, over kept-alive connections that threads may share. See `_api.Api`."""

    def __init__(self, connection: _kubeconfig.Connection) -> None:
        self._http = Http(connection)

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> Object | None:
        return self._optional("GET", kind.path(namespace, name))

    def list(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> Objects:
        pages = self.pages(
            kind, namespace, label_selector=label_selector, field_selector=field_selector
        )
        return [item for page, _version in pages for item in page]

    def list_with_version(
        self, kind: Kind, namespace: str | None = None, *, label_selector: str = ""
    ) -> tuple[Objects, str]:
        pages = tuple(self.pages(kind, namespace, label_selector=label_selector))
        return [item for page, _version in pages for item in page], pages[-1][1] if pages else ""

    def pages(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        size: int = PAGE,
        schema: Schema | None = None,
    ) -> Iterator[tuple[Objects, str]]:
        query = {"labelSelector": label_selector, "fieldSelector": field_selector}
        query["limit"] = str(size)
        while page := self._optional("GET", kind.path(namespace), query=query, schema=schema):
            items = page.get("items") or []
            for item in items:
                # A list leaves out what every item has in common.
                item.setdefault("apiVersion", kind.api_version)
                item.setdefault("kind", kind.kind)
            yield items, page["metadata"].get("resourceVersion", "")
            query["continue"] = page["metadata"].get("continue", "")
            if not query["continue"]:
                break

    def create(
        self,
        kind: Kind,
        body: Mapping[str, Any],
        namespace: str | None = None,
        *,
        dry_run: bool = False,
    ) -> Object:
        query = _write_query(dry_run=dry_run)
        return self._http.json("POST", kind.path(namespace), body=body, query=query)

    def patch(  # noqa: PLR0913 - what a PATCH is made of
        self,
        kind: Kind,
        name: str,
        body: Any,
        namespace: str | None = None,
        *,
        patch_type: PatchType = "merge",
        subresource: str | None = None,
        dry_run: bool = False,
        seconds: float | None = None,
    ) -> Object:
        return self._http.json(
            "PATCH",
            kind.path(namespace, name, subresource),
            body=body,
            query=_write_query(dry_run=dry_run),
            content_type=PATCH_TYPES[patch_type],
            seconds=seconds,
        )

    def apply(
        self,
        kind: Kind,
        body: Mapping[str, Any],
        *,
        field_manager: str,
        force: bool = True,
        dry_run: bool = False,
    ) -> Object:
        query = _write_query(field_manager, dry_run=dry_run)
        query["force"] = "true" if force else "false"
        return self._http.json(
            "PATCH",
            kind.path_of(body),
            body=body,
            query=query,
            content_type="application/apply-patch+yaml",
        )

    def replace(self, kind: Kind, body: Mapping[str, Any]) -> Object:
        return self._http.json("PUT", kind.path_of(body), body=body, query=_write_query())

    def delete(
        self,
        kind: Kind,
        name: str,
        namespace: str | None = None,
        *,
        propagation: str = "Background",
        dry_run: bool = False,
    ) -> bool:
        query = {"propagationPolicy": propagation, **({"dryRun": "All"} if dry_run else {})}
        return self._optional("DELETE", kind.path(namespace, name), query=query) is not None

    def evict(self, name: str, namespace: str) -> bool:
        metadata = {"name": name, "namespace": namespace}
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
        path = _kinds.POD.path(namespace, name, "eviction")
        # 429 is a disruption budget's answer here, not a busy server's: the caller decides.
        return self._optional("POST", path, body=body, retry_429=False) is not None

    def watch(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        seconds: int,
    ) -> Iterator[tuple[str, Object]]:
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(seconds),
            "labelSelector": label_selector,
        }
        yield from self._http.events(kind.path(namespace), query)

    def find_kind(self, api_version: str, kind: str) -> Kind | None:
        for known in _kinds.ALL:
            if (known.api_version, known.kind) == (api_version, kind):
                return known
        prefix = "/apis/" if "/" in api_version else "/api/"
        resources = self._optional("GET", prefix + api_version) or {}
        for entry in resources.get("resources") or ():
            if entry["kind"] == kind and "/" not in entry["name"]:
                return Kind(
                    api_version=api_version,
                    kind=kind,
                    plural=entry["name"],
                    namespaced=entry["namespaced"],
                )
        return None

    def pod_get(
        self, pod: str, namespace: str, *, path: str, method: str = "GET", **settings: Any
    ) -> bytes:
        with self.pod_port(pod, namespace, **settings) as port, port.open(path, method) as body:
            return body.read()

    def pod_port(self, pod: str, namespace: str, **settings: Any) -> Opened:
        # Its library takes time to import, and most modules never reach into a pod.
        from ansible_collections.meshwright.istio.plugins.module_utils import _port_forward  # noqa: PLC0415

        forward = _kinds.POD.path(namespace, pod, "portforward")
        return _port_forward.connect(self._http, forward, **settings)

    def version(self) -> Object:
        return self._http.json("GET", "/version")

    def each(self, function: Callable[[Item], Outcome], items: Iterable[Item]) -> Sequence[Outcome]:
        with ThreadPoolExecutor(max_workers=CONNECTIONS) as executor:
            futures = [executor.submit(function, item) for item in items]
        return [future.result() for future in futures]

    def _optional(self, method: str, path: str, **arguments: Any) -> Object | None:
        """The answer, or None for a 404."""
        try:
            return self._http.json(method, path, **arguments)
        except ApiError as error:
            if error.status == 404:
                return None
            raise


def _write_query(field_manager: str = FIELD_MANAGER, *, dry_run: bool = False) -> dict[str, str]:
    return {"fieldManager": field_manager, **({"dryRun": "All"} if dry_run else {})}
