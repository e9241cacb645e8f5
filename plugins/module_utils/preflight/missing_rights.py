# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""An upgrade that lacks a right stops where it needs it: half-way, unless it is the first one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.need import Need, Weight
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

_SOURCE = "this collection: the notes of its modules"


def find(evidence: Evidence, _upgrade: Upgrade) -> Iterator[Finding]:
    lacking = evidence.lacking
    if any(each.weight is Weight.BEGINNING for each in lacking):
        yield _only_looks(lacking)
        return
    if parts := [each for each in lacking if each.weight is Weight.PART]:
        yield _stops_half_way(parts)
    if cares := [each for each in lacking if each.weight is Weight.CARE]:
        yield _is_less_careful(cares)


def _only_looks(needs: Iterable[Need]) -> Finding:
    return Finding(
        code="missing_rights",
        severity=Severity.INFO,
        title="This account may look, and could not begin an upgrade",
        objects=tuple(map(str, needs)),
        consequence="With it an upgrade fails at its lock, before anything is changed.",
        remedy="None, where another account upgrades. Run the preflight as that one too, to see"
        " whether it has these rights.",
        source=_SOURCE,
    )


def _stops_half_way(needs: Iterable[Need]) -> Finding:
    return Finding(
        code="missing_rights",
        severity=Severity.BLOCK,
        title="The account lacks rights that the upgrade needs",
        objects=tuple(map(str, needs)),
        consequence="The upgrade stops where it needs the first of them, and the way back may"
        " lack them too.",
        remedy="Grant these rights to the account.",
        override="missing_rights",
        source=_SOURCE,
    )


def _is_less_careful(needs: Iterable[Need]) -> Finding:
    return Finding(
        code="missing_rights",
        severity=Severity.WARN,
        title="The account lacks a right by which fewer requests are lost",
        objects=tuple(map(str, needs)),
        consequence="Pods leave their Services by their labels alone, which may lose a request"
        " now and then.",
        remedy="Grant it to the account.",
        source=_SOURCE,
    )
