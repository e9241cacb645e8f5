# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back from the middle of an upgrade, and what may not be removed meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox import snapshot
from sandbox.cluster import Cluster
from tests.integration.support import reading
from tests.integration.support.lab import NEW, Lab

QUICK: dict[str, Any] = {"canary_soak": 0, "canary_drain": "rollout", "canary_max_parallel": 8}
SYSTEM = "/api/v1/namespaces/istio-system"
RECORD = f"{SYSTEM}/configmaps/meshwright-upgrade"
# Belongs to all revisions; istioctl labels it with the one that was installed last.
SHARED = {f"{SYSTEM}/serviceaccounts/istio-reader-service-account"}
_ELECTION = "control-plane.alpha.kubernetes.io/leader"
# What tells of a restart, and of who wrote a label.
_TRACES = ("kubectl.kubernetes.io/restartedAt",)


def _wishes(cluster: Cluster) -> dict[str, Any]:
    """What every object asks for, without the traces that a restart leaves."""
    found = snapshot.read(cluster)
    found.pop(RECORD, None)
    return {
        path: _without_traces(item)
        for path, item in found.items()
        if _ELECTION not in item["metadata"].get("annotations", {})
    }


def _without_traces(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {key: _without_traces(inner) for key, inner in value.items() if key not in _TRACES}
        # Where a trace was all there was, nothing is left of its annotations.
        return {key: inner for key, inner in kept.items() if key != "annotations" or inner}
    return [_without_traces(each) for each in value] if isinstance(value, list) else value


def test_from_the_waves_back_to_how_it_was(mesh: Cluster, upgrades: Lab) -> None:
    ansible = upgrades.ansible
    before = _wishes(mesh)
    ansible.play("meshwright.istio.upgrade_canary", canary_stop_after="waves", **QUICK)
    assert upgrades.revisions("shop") == {NEW}
    assert upgrades.revisions("istio-ingress") == {"default"}

    upgrades.recorder.take()
    for name in ("default", NEW):
        refused = ansible.play(
            "meshwright.istio.retire_old_revision",
            fails=True,
            canary_old_revision=name,
        )
        assert f"got {name}, which the unfinished upgrade from default to {NEW}" in refused.failure
        assert refused.of("istio_revision") == []
    assert upgrades.recorder.writes() == []

    quick = {key: value for key, value in QUICK.items() if key != "canary_soak"}
    ansible.play("meshwright.istio.roll_back", **quick)
    assert upgrades.revisions("shop") == {"default"}
    reading.quiet(mesh)
    now = _wishes(mesh)
    assert {path for path in before | now if before.get(path) != now.get(path)} <= SHARED

    nothing = ansible.play("meshwright.istio.roll_back", fails=True)
    assert "No canary is under way" in nothing.failure
