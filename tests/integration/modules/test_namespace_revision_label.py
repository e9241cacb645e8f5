# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Namespaces are pointed at a revision, each by one request, and only those that really change."""

from __future__ import annotations

import hashlib

from sandbox.cluster import Cluster
from tests.integration.support.lab import NEW, Lab

INJECTED = {"istio-injection": "enabled"}


def _make(cluster: Cluster, team: str) -> list[str]:
    """Some namespaces of a mesh, without a pod."""
    names = [f"{team}-{number:02}" for number in range(24)]
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"team": team, **INJECTED}},
        }
        for name in names
    )
    return names


def _share(names: list[str], percent: int) -> set[str]:
    """As the documentation defines it."""
    found = set()
    for name in names:
        digest = hashlib.sha256(name.encode()).digest()
        if int.from_bytes(digest[:8], "big") / 2**64 < percent / 100:
            found.add(name)
    return found


def _patches(names: set[str]) -> set[str]:
    return {f"PATCH /api/v1/namespaces/{name}" for name in names}


def test_shares_grow_and_nobody_goes_back(beside: Cluster, lab: Lab) -> None:
    names = _make(beside, "growing")
    quarter, more = _share(names, 25), _share(names, 60)
    assert 0 < len(quarter) < len(more) < len(names)
    options = {"label_selector": "team=growing", "revision": NEW}
    first = lab.prove("namespace_revision_label", share=25, **options)
    assert set(first.writes) == _patches(quarter)
    assert len(first.writes) == len(quarter)
    second = lab.prove("namespace_revision_label", share=60, **options)
    assert set(second.writes) == _patches(more - quarter)
    assert second.difference.changed == {f"namespaces/{name}" for name in more - quarter}
    for name in names:
        assert lab.labels(name) == ({"istio.io/rev": NEW} if name in more else INJECTED)
    assert lab.sidecar(min(quarter)) == "localhost/istio/proxyv2:1.31.0"


def test_labels_are_taken_back_and_away(beside: Cluster, lab: Lab) -> None:
    names = _make(beside, "going")[:3]
    lab.prove("namespace_revision_label", namespaces=names, revision=NEW)
    back = lab.prove("namespace_revision_label", namespaces=names, injection="enabled")
    assert back.done.result["counts"] == {"chosen": 3, "changed": 3, "unchanged": 0, "failed": 0}
    assert [lab.labels(name) for name in names] == [INJECTED] * 3
    lab.prove("namespace_revision_label", namespaces=names, state="absent")
    assert [lab.labels(name) for name in names] == [{}] * 3
    assert lab.labels("going-03") == INJECTED

    for chosen, revision, word in (
        (["going-03"], "1-99", "1-99"),
        (["going-03", "none"], NEW, "none"),
        (["going-03", "kube-system"], NEW, "kube-system"),
    ):
        refused = lab.refused("namespace_revision_label", namespaces=chosen, revision=revision)
        assert word in refused.message
