# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What the new release does otherwise by itself, where there are objects to which it matters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._releases import ChangedDefault
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    REVISION_LABEL,
    UNREVISIONED,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    old = upgrade.left_version(evidence)
    if old is None:
        return
    settings = _settings(evidence, upgrade)
    for change in upgrade.rules.changes(old, upgrade.version):
        objects = _affected(change, evidence.affected.get(change.kind, ()))
        if objects and change.flag not in settings:
            keep = f" To keep the old way, set {change.flag}={change.keep}." if change.keep else ""
            yield Finding(
                code="changed_default",
                severity=Severity.INFO,
                title=f"Istio {change.since.major}.{change.since.minor} changes a default:"
                f" {change.flag or change.kind}",
                objects=tuple(objects),
                consequence=f"From then on {change.what}.",
                remedy=f"See whether these objects mean that.{keep}",
                source=change.source,
            )
    for gone in upgrade.rules.removed_flags:
        if gone.name in settings and old.minors_to(gone.since) > 0 <= gone.since.minors_to(
            upgrade.version
        ):
            yield Finding(
                code="removed_flag",
                severity=Severity.WARN,
                title=f"istiod is set by {gone.name}, which is no longer read",
                objects=tuple(sorted(settings[gone.name])),
                consequence=f"Whatever it is set to, {gone.what}.",
                remedy="Take it out of the values, and see whether you can live with that.",
                source=gone.source,
            )


def _settings(evidence: Evidence, upgrade: Upgrade) -> Mapping[str, set[str]]:
    """The variables of the istiods that are left, with the Deployments that have them."""
    left = upgrade.left_revisions(evidence)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for item in evidence.of(Topic.CONTROLLERS):
        labels = labels_of(item)
        if labels.get("app") == "istiod" and labels.get(REVISION_LABEL, UNREVISIONED) in left:
            for container in item["spec"]["template"]["spec"]["containers"]:
                for variable in container.get("env") or ():
                    name = f"{item['metadata']['namespace']}/{item['metadata']['name']}"
                    found[variable["name"]].add(f"Deployment {name}")
    return dict(found)


def _affected(change: ChangedDefault, items: Iterable[Object]) -> list[str]:
    """The objects to which the change matters."""
    matching = [
        item
        for item in items
        if any(_values(item, change.has))
        and not (change.lacks and any(_values(item, change.lacks)))
    ]
    if change.repeated:
        matching = _sharing(change, matching)
    return [
        f"{change.kind} {item['metadata']['namespace']}/{item['metadata']['name']}"
        for item in matching
    ]


def _sharing(change: ChangedDefault, items: Sequence[Object]) -> list[Object]:
    """Those that have a value which objects of another namespace have too."""
    namespaces: defaultdict[str, set[str]] = defaultdict(set)
    for item in items:
        for value in _values(item, change.has):
            namespaces[str(value)].add(item["metadata"]["namespace"])
    return [
        item
        for item in items
        if any(len(namespaces[str(value)]) > 1 for value in _values(item, change.has))
    ]


def _values(value: Any, path: Sequence[str]) -> Iterator[Any]:
    """What is at the path, looking into every entry of the lists on the way."""
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _values(inner, path)
    elif not path:
        if value not in (None, "", {}):
            yield value
    elif isinstance(value, Mapping):
        yield from _values(value.get(path[0]), path[1:])
