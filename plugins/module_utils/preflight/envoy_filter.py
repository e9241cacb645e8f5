# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""EnvoyFilters for one version of the proxy are left out for every other, without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import moving
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    items = [
        item
        for item in evidence.of(Topic.ENVOY_FILTERS)
        if item["metadata"]["namespace"] == upgrade.istio_namespace
        or upgrade.concerns(item["metadata"]["namespace"])
    ]
    yield from _stop_matching(items, _left_versions(evidence, upgrade), upgrade)
    for gone in upgrade.rules.removed_types:
        form = re.compile(gone.name)
        found = tuple(
            _name(item) for item in items if any(form.search(each) for each in _types(item["spec"]))
        )
        if found and gone.since.minors_to(upgrade.version) >= 0:
            yield _finding(
                title=f"EnvoyFilters use {gone.what}",
                objects=found,
                consequence=f"The proxy has none of it since Istio {gone.since.major}."
                f"{gone.since.minor}: it rejects what it is sent, or goes without.",
                remedy="Rewrite them with a type of the API v3, or remove them.",
                source=gone.source,
            )


def _stop_matching(items: list[Any], olds: list[Version], upgrade: Upgrade) -> Iterator[Finding]:
    found = tuple(
        f"{_name(item)} ({', '.join(sorted(forms))})"
        for item in items
        if (forms := {form for form in _forms(item) if _stops(form, olds, upgrade.version)})
    )
    if found:
        yield _finding(
            title=f"EnvoyFilters do not match proxies of {upgrade.version}",
            objects=found,
            consequence="They match the proxies of now and would silently not be applied to the"
            " new ones: what they add, such as limits or access rules, is gone.",
            remedy="Widen proxyVersion, or add the patch for the new version beside the old one.",
            source="istio/istio#38214, #36172",
        )


def _left_versions(snapshot: Snapshot, upgrade: Upgrade) -> list[Version]:
    versions = {plane.version for plane in moving.planes(snapshot, upgrade)}
    return [version for version in versions if version is not None]


def _forms(item: Mapping[str, Any]) -> Iterator[str]:
    for patch in item["spec"].get("configPatches") or ():
        form = ((patch.get("match") or {}).get("proxy") or {}).get("proxyVersion")
        if form:
            yield form


def _stops(form: str, olds: list[Version], new: Version) -> bool:
    """Whether a patch is applied to the proxies of now, and not to the new ones."""
    try:
        matches = re.compile(form).search
    except re.error:
        return False
    return any(matches(str(old)) for old in olds) and not matches(str(new))


def _types(value: Any) -> Iterator[str]:
    """Every type that is named anywhere in it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in ("@type", "type_url", "typeUrl") and isinstance(inner, str):
                yield inner
            else:
                yield from _types(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _types(inner)


def _name(item: Mapping[str, Any]) -> str:
    return f"EnvoyFilter {item['metadata']['namespace']}/{item['metadata']['name']}"


def _finding(
    *, title: str, objects: tuple[str, ...], consequence: str, remedy: str, source: str
) -> Finding:
    return Finding(
        code="envoy_filter",
        severity=Severity.BLOCK,
        title=title,
        objects=objects,
        consequence=consequence,
        remedy=remedy,
        override="envoy_filter",
        source=source,
    )
