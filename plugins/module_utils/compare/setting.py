# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Istio itself: whether it is there, which version, and how the mesh is set."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils.compare import plane
from ansible_collections.meshwright.istio.plugins.module_utils.compare.scope import (
    Scope,
    injection,
)
from ansible_collections.meshwright.istio.plugins.module_utils.compare.side import Side
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)

_SOURCE = "istio.io reference/config/istio.mesh.v1alpha1"


def find(source: Side, target: Side, scope: Scope) -> Iterator[Finding]:
    yield from _planes(source, target)
    yield from _versions(source, target)
    yield from _settings(source, target)
    yield from _namespaces(source, target, scope)


def _planes(source: Side, target: Side) -> Iterator[Finding]:
    without = [side.name for side in (source, target) if side.plane is None]
    if without:
        yield Finding(
            code="control_plane_missing",
            severity=Severity.BLOCK,
            title=f"There is no Istio in the {' and the '.join(without)}",
            objects=tuple(without),
            consequence="Nothing there injects, configures or secures what shall serve.",
            remedy="Install it, with istio_revision for instance, or look whether this is the"
            " cluster that you mean.",
            override="control_plane_missing",
            source=_SOURCE,
        )


def _versions(source: Side, target: Side) -> Iterator[Finding]:
    old = source.plane.version if source.plane else None
    new = target.plane.version if target.plane else None
    if old is None or new is None or old == new:
        return
    older = new < old
    yield Finding(
        code="istio_version",
        severity=Severity.WARN if older else Severity.INFO,
        title=f"Istio is {old} in the source and {new} in the target",
        objects=(f"Deployment {target.plane.namespace}/{target.plane.name}",)
        if target.plane
        else (),
        consequence="The older one may not know settings that the newer one does."
        if older
        else "Defaults may differ; the release notes tell them.",
        remedy="This is the way back: look whether newer settings are in use."
        if older
        else "None is needed.",
        override="istio_version",
        source="istio.io news/releases",
    )


def _settings(source: Side, target: Side) -> Iterator[Finding]:
    if source.plane is None or target.plane is None:
        return
    here, there = dict(plane.flat(source.settings)), dict(plane.flat(target.settings))
    absent = object()
    differing = [
        key
        for key in sorted(here.keys() | there.keys())
        if key not in plane.LEFT_OUT and here.get(key, absent) != there.get(key, absent)
    ]
    if differing:
        yield Finding(
            code="mesh_setting",
            severity=Severity.WARN,
            title="The meshes are set differently",
            objects=tuple(f"meshConfig.{key}" for key in differing),
            consequence="Logs, limits, hosts outside of the mesh or providers may be others there.",
            remedy="Install the target with the same meshConfig, or name what shall differ in"
            " expected.",
            override="mesh_setting",
            source=_SOURCE,
        )


def _namespaces(source: Side, target: Side, scope: Scope) -> Iterator[Finding]:
    here = {name: labels for name, labels in source.namespaces.items() if name in scope}
    missing = sorted(here.keys() - target.namespaces.keys())
    if missing:
        yield Finding(
            code="namespace_missing",
            severity=Severity.BLOCK,
            title="The target lacks namespaces of the mesh",
            objects=tuple(f"Namespace {name}" for name in missing),
            consequence="Nothing of what they hold is there.",
            remedy="Deploy what belongs into them, or name them in excluded_namespaces.",
            override="namespace_missing",
            source=_SOURCE,
        )
    differing = [
        f"Namespace {name} ({injection(labels) or 'none'}, {injection(there) or 'none'})"
        for name, labels in sorted(here.items())
        if (there := target.namespaces.get(name)) is not None
        and injection(labels) != injection(there)
    ]
    if differing:
        yield Finding(
            code="injection_differs",
            severity=Severity.BLOCK,
            title="Namespaces are in the mesh by other means, or on one side only",
            objects=tuple(differing),
            consequence="Pods without a proxy are refused where mutual TLS is strict, and no"
            " policy holds for them.",
            remedy="Give the namespaces of the target the label istio-injection or istio.io/rev,"
            " and restart what runs in them.",
            override="injection_differs",
            source="istio.io setup/additional-setup/sidecar-injection",
        )
