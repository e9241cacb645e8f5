# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of revisions is what istioctl and the objects themselves tell."""

from __future__ import annotations

from sandbox.cluster import Cluster
from tests.integration.support.lab import NEW, Lab


def test_revisions_and_their_users_are_found(beside: Cluster, lab: Lab) -> None:
    beside.run("istioctl-1.31", "tag", "set", "prod", "--revision", NEW)
    beside.kubectl("label", "namespace", "outside", "istio.io/rev=prod")
    lab.recorder.take()
    found = lab.ansible.module("istio_revision_info")
    assert lab.recorder.writes() == []
    assert not found.changed
    revisions = {each["revision"]: each for each in found.result["revisions"]}
    assert {name: each["version"] for name, each in revisions.items()} == {
        "default": "1.30.4",
        NEW: "1.31.0",
    }
    assert found.result["tags"] == lab.tags() == {"default": "default", "prod": NEW}
    old, new = revisions["default"]["users"], revisions[NEW]["users"]
    assert old["namespaces"] == ["shop"]
    assert new["namespaces"] == ["outside"]
    pods = {f"shop/{pod['metadata']['name']}" for pod in lab.pods("shop")}
    assert set(old["pods"]) == pods
    assert new["pods"] == new["proxies"] == []
    assert pods < set(old["proxies"])
    assert (revisions["default"]["is_default"], revisions[NEW]["is_default"]) == (True, False)
    assert (revisions["default"]["validates"], revisions[NEW]["validates"]) == (True, False)
