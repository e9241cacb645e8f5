# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Whether what requests are sent to answers in the target, and how much of it there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.meshwright.istio.plugins.module_utils.compare.scope import Scope
from ansible_collections.meshwright.istio.plugins.module_utils.compare.serving import (
    LoadKey,
    Name,
    Port,
)
from ansible_collections.meshwright.istio.plugins.module_utils.compare.side import Side
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)

_SOURCE = "EndpointSlices, workloads and autoscalers of both clusters"


def find(source: Side, target: Side, scope: Scope) -> Iterator[Finding]:
    yield from _services(source, target, scope)
    yield from _loads(source, target, scope)
    yield from _scalers(source, target, scope)


def _services(source: Side, target: Side, scope: Scope) -> Iterator[Finding]:
    here = sorted(name for name in source.services if name[0] in scope)
    missing = [name for name in here if name not in target.services]
    for severity, names in _by_severity(missing, source):
        yield _finding(
            "service_missing",
            severity,
            "The target lacks Services that the source has",
            [_service(name) for name in names],
            "Requests to them find no host, and are answered with 503 or not at all.",
        )
    dead = [
        _service(name)
        for name in here
        if name in target.services and name in source.answering - target.answering
    ]
    if dead:
        yield _finding(
            "no_ready_endpoint",
            Severity.BLOCK,
            "Services that answer in the source have no ready endpoint in the target",
            dead,
            "Requests to them are answered with 503.",
        )
    differing = [
        f"{_service(name)} ({', '.join(lost)})"
        for name in here
        if name in target.services
        and (lost := sorted(map(_port, {*source.services[name]} - {*target.services[name]})))
    ]
    if differing:
        yield _finding(
            "service_ports",
            Severity.BLOCK,
            "Services lack ports in the target, or name them otherwise",
            differing,
            "Requests to these ports are refused, or taken for another protocol.",
        )


def _by_severity(names: list[Name], source: Side) -> Iterator[tuple[Severity, list[Name]]]:
    """One that answers nobody now, such as an alias of a host, is less of a loss."""
    answering = [name for name in names if name in source.answering]
    others = [name for name in names if name not in source.answering]
    for severity, found in ((Severity.BLOCK, answering), (Severity.WARN, others)):
        if found:
            yield severity, found


def _loads(source: Side, target: Side, scope: Scope) -> Iterator[Finding]:
    here = {key: load for key, load in sorted(source.loads.items()) if key[0] in scope}
    missing = [_load(key) for key in here if key not in target.loads]
    if missing:
        yield _finding(
            "workload_missing",
            Severity.WARN,
            "The target lacks workloads that the source has",
            missing,
            "What they do is not done there.",
        )
    counts = {
        key: (load.replicas, target.loads[key].replicas)
        for key, load in here.items()
        # An autoscaler has its own finding, and its number of the moment says nothing.
        if key in target.loads and key not in source.scalers and key not in target.scalers
    }
    fewer: list[str] = []
    more: list[str] = []
    for key, (one, other) in counts.items():
        if one is None or other is None or one == other:
            continue
        (fewer if other < one else more).append(f"{_load(key)} ({one}, {other})")
    if fewer:
        yield _finding(
            "replicas",
            Severity.WARN,
            "Workloads have fewer replicas in the target",
            fewer,
            "They may not bear all of the traffic.",
        )
    if more:
        yield _finding(
            "replicas",
            Severity.INFO,
            "Workloads have more replicas in the target",
            more,
            "None for requests.",
        )


def _scalers(source: Side, target: Side, scope: Scope) -> Iterator[Finding]:
    differing = [
        f"{_load(key)} ({here or 'none'}, {there or 'none'})"
        for key in sorted(source.scalers.keys() | target.scalers.keys())
        if key[0] in scope
        # What is not there at all is told of the workload.
        and key in source.loads
        and key in target.loads
        and (here := source.scalers.get(key)) != (there := target.scalers.get(key))
    ]
    if differing:
        yield _finding(
            "autoscaler",
            Severity.WARN,
            "Autoscalers go from and to other numbers, or are on one side only",
            differing,
            "The workloads may not grow with the traffic that moves.",
        )


def _finding(
    code: str, severity: Severity, title: str, objects: Iterable[str], consequence: str
) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        title=title,
        objects=tuple(objects),
        consequence=consequence,
        remedy="Deploy the same to the target, or name what shall differ in expected.",
        override=code,
        source=_SOURCE,
    )


def _service(name: Name) -> str:
    return f"Service {name[0]}/{name[1]}"


def _load(key: LoadKey) -> str:
    return f"{key[1]} {key[0]}/{key[2]}"


def _port(port: Port) -> str:
    words = (str(port.port), port.protocol, port.name, port.application)
    return " ".join(filter(None, words))
