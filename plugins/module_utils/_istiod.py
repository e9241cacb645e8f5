# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The istiods of every revision, asked natively which proxies they serve."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, PodPort
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._pod import REVISION, Pod
from ansible_collections.meshwright.istio.plugins.module_utils._syncz import Connection, parse

SELECTOR = "app=istiod"
UNREVISIONED = "default"
_PORT_ANNOTATION = "prometheus.io/port"
_PORT = "15014"
_TIMEOUT = 10.0
_ATTEMPTS = 2
_PAUSE = 0.3
_FINAL = (401, 403, 404)


@dataclass(frozen=True, slots=True, kw_only=True)
class Istiod:
    """One pod of a control plane; `problem` says why it could not be asked."""

    name: str
    namespace: str
    revision: str
    port: int
    running: bool
    version: str | None = None
    problem: str | None = None

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> Istiod | None:
        """Read a pod; None for one that has ended."""
        pod = Pod.from_object(item)
        if pod.phase in ("Succeeded", "Failed"):
            return None
        metadata = item["metadata"]
        annotations = metadata.get("annotations") or {}
        running = pod.phase == "Running" and (pod.trouble is None or not pod.trouble.hopeless)
        said = f": {pod.trouble.reason}: {pod.trouble.message}" if pod.trouble else ""
        return cls(
            name=pod.name,
            namespace=pod.namespace,
            revision=(metadata.get("labels") or {}).get(REVISION, UNREVISIONED),
            port=int(annotations.get(_PORT_ANNOTATION, _PORT)),
            running=running,
            problem=None if running else f"it is {pod.phase}{said}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one istiod said; no connections where it could not be asked."""

    istiod: Istiod
    connections: tuple[Connection, ...] = ()


def find_istiods(api: Api, namespace: str) -> list[Istiod]:
    """The istiods of every revision in the namespace."""
    items = api.list(_kinds.POD, namespace, label_selector=SELECTOR)
    found = (Istiod.from_object(item) for item in items)
    return sorted((istiod for istiod in found if istiod), key=lambda istiod: istiod.name)


def ask_all(api: Api, istiods: Iterable[Istiod]) -> list[Answer]:
    """Ask all of them at once for their versions and their proxies."""
    return list(api.each(lambda istiod: _ask(api, istiod), istiods))


def ask_once(api: Api, istiods: Iterable[Istiod], seconds: float) -> list[Answer]:
    """Ask all of them at once for their proxies alone, and for no longer than that."""
    return list(
        api.each(
            lambda istiod: _ask(api, istiod, attempts=1, seconds=seconds, version=False), istiods
        )
    )


def _ask(
    api: Api,
    istiod: Istiod,
    *,
    attempts: int = _ATTEMPTS,
    seconds: float = _TIMEOUT,
    version: bool = True,
) -> Answer:
    if not istiod.running:
        return Answer(istiod=istiod)
    try:
        return _again(lambda: _read(api, istiod, seconds, version=version), attempts)
    except ApiError as error:
        return Answer(istiod=replace(istiod, problem=error.message))


def _read(api: Api, istiod: Istiod, seconds: float, *, version: bool) -> Answer:
    with api.pod_port(istiod.name, istiod.namespace, port=istiod.port, timeout=seconds) as port:
        known = istiod
        if version and not istiod.version:
            known = replace(istiod, version=_read_version(port))
        try:
            with port.open("/debug/syncz") as body:
                return Answer(istiod=known, connections=tuple(parse(body)))
        except ApiError as error:
            if error.status not in _FINAL:
                raise
            return Answer(istiod=replace(known, problem=error.message))
        except ValueError as error:
            said = f"its /debug/syncz is not the JSON that Istio 1.24 to 1.31 answer ({error})"
            return Answer(istiod=replace(known, problem=said))


def _read_version(port: PodPort) -> str | None:
    try:
        with port.open("/version") as body:
            return read_version(body.read().decode())
    except ApiError as error:
        if not error.status:
            raise
        # It answered, so that its proxies can be asked for.
        return None


def _again(call: Callable[[], Answer], attempts: int) -> Answer:
    """The call's answer; a connection that was lost is tried for once more."""
    for _attempt in range(attempts - 1):
        try:
            return call()
        except ApiError as error:
            if error.status in _FINAL:
                raise
            time.sleep(_PAUSE)
    return call()


def read_version(text: str) -> str | None:
    """The version in `VERSION-COMMIT-STATUS`, where a commit may end with `-dirty`."""
    build, _dash, _status = text.strip().rpartition("-")
    version, _dash, _commit = build.removesuffix("-dirty").rpartition("-")
    return version or None


def newest(answers: Iterable[Answer]) -> dict[str, tuple[Istiod, Connection]]:
    """The proxies by `namespace/name`.

    One that has just reconnected is still on its old istiod's list; where it was last sent
    something is where it is.
    """
    found: dict[str, tuple[Istiod, Connection]] = {}
    for answer in answers:
        for connection in answer.connections:
            known = found.get(connection.key)
            if known is None or known[1].sent_at <= connection.sent_at:
                found[connection.key] = (answer.istiod, connection)
    return found
