# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A ListenerSet adds listeners to a Gateway only where one istiod looks after both of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _gateway_parent
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._revision import REVISION_LABEL
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import moving
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

_SOURCE = "istio/istio#60388"
Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """Who looks after an object now, and who does when the gateways have moved and no tag has."""

    now: str | None
    then: str | None

    @property
    def stays(self) -> bool:
        return self.now == self.then


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    judge = _Judge(evidence, upgrade)
    gateways = {
        _key(item): judge.gateway(item)
        for item in evidence.of(Topic.API_GATEWAYS)
        if item["spec"].get("gatewayClassName", "").startswith("istio")
    }
    torn, apart = [], []
    for item in evidence.of(Topic.LISTENER_SETS):
        parent, own = _parent(item), judge.listener_set(item)
        gateway = gateways.get(parent)
        # What is not attached today is nothing that an upgrade could break.
        if gateway is None or gateway.now != own.now or (gateway.stays and own.stays):
            continue
        words = f"{item['kind']} {'/'.join(_key(item))} of Gateway {'/'.join(parent)}"
        if gateway.then != own.then:
            torn.append(f"{words} (to {own.then}, the Gateway to {gateway.then})")
        elif parent[0] != item["metadata"]["namespace"]:
            apart.append(words)
    if torn:
        yield _torn(tuple(sorted(torn)))
    if apart:
        yield _apart(tuple(sorted(apart)))


class _Judge:
    def __init__(self, evidence: Evidence, upgrade: Upgrade) -> None:
        self._evidence = evidence
        self._upgrade = upgrade
        self._left = upgrade.left_revisions(evidence)
        self._moving = {each.name for each in moving.namespaces(evidence, upgrade)}

    def gateway(self, item: Mapping[str, Any]) -> _Course:
        """A Gateway is led to the new revision by its own label, or by that of its namespace."""
        now = self._owner(item)
        moves = now in self._left and self._upgrade.concerns(item["metadata"]["namespace"])
        return _Course(now=now, then=self._upgrade.revision if moves else now)

    def listener_set(self, item: Mapping[str, Any]) -> _Course:
        """Nobody changes the label of a ListenerSet: without one it follows its namespace."""
        now = self._owner(item)
        labelled = REVISION_LABEL in labels_of(item)
        moves = not labelled and item["metadata"]["namespace"] in self._moving
        return _Course(now=now, then=self._upgrade.revision if moves else now)

    def _owner(self, item: Mapping[str, Any]) -> str | None:
        space = self._evidence.labels.get(item["metadata"]["namespace"], {})
        asked = labels_of(item).get(REVISION_LABEL) or space.get(REVISION_LABEL)
        return _gateway_parent.resolve(self._evidence.mesh, asked)


def _key(item: Mapping[str, Any]) -> Key:
    return item["metadata"]["namespace"], item["metadata"]["name"]


def _parent(item: Mapping[str, Any]) -> Key:
    reference = item["spec"].get("parentRef") or {}
    return reference.get("namespace") or item["metadata"]["namespace"], reference.get("name", "")


def _torn(objects: tuple[str, ...]) -> Finding:
    return Finding(
        code="listener_set",
        severity=Severity.BLOCK,
        title="ListenerSets and their Gateways would come to different revisions",
        objects=objects,
        consequence="The istiod of the Gateway sends the listeners of these sets no more, while"
        " both objects go on saying that they are programmed.",
        remedy="Let both move: take the label istio.io/rev off the ListenerSet, and give its"
        " namespace the label by which the one of the Gateway moves; or leave both out.",
        override="listener_set",
        source=_SOURCE,
    )


def _apart(objects: tuple[str, ...]) -> Finding:
    return Finding(
        code="listener_set",
        severity=Severity.WARN,
        title="ListenerSets and their Gateways are in namespaces that may move one after the other",
        objects=objects,
        consequence="Between the two the old istiod goes on with what it knew of them, and an"
        " istiod that restarts meanwhile knows nothing of it.",
        remedy="Put both namespaces into the same wave.",
        source=_SOURCE,
    )
