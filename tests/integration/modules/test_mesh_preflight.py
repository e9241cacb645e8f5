# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands against an upgrade is found, and looking for it leaves nothing behind."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.cluster import Cluster
from tests.integration.support import reading
from tests.integration.support.lab import NEW, NEW_VERSION, Lab


@pytest.fixture
def options(cluster: Cluster) -> dict[str, Any]:
    """The way to the new version, with its istioctl."""
    return {
        "revision": NEW,
        "version": NEW_VERSION,
        "istioctl_path": str(cluster.artifacts.path("istioctl-1.31")),
    }


def test_a_good_mesh_may_be_upgraded(mesh: Cluster, lab: Lab, options: dict[str, Any]) -> None:
    before = reading.quiet(mesh)
    lab.recorder.take()
    checked = lab.ansible.alone("mesh_preflight", check=True, **options)
    assert lab.recorder.writes() == []
    assert not checked.result["blocked"]
    assert checked.result["images"] == []

    done = lab.ansible.module("mesh_preflight", **options)
    assert not done.changed
    assert done.result["findings"] == []
    assert done.result["images"] == [
        "localhost/istio/pilot:1.31.0",
        "localhost/istio/proxyv2:1.31.0",
    ]
    verbs = {each.partition("/pods")[0] for each in lab.recorder.writes()}
    assert verbs == {f"{verb} /api/v1/namespaces/istio-system" for verb in ("POST", "DELETE")}, (
        "it makes a pod that tries the images, and removes it"
    )
    reading.expect_same(before, reading.quiet(mesh), "the preflight has left something")


def test_what_stands_against_it_is_named(
    beside: Cluster, lab: Lab, options: dict[str, Any]
) -> None:
    beside.kubectl("label", "namespace", "shop", "istio.io/rev=default")
    beside.kubectl("label", "namespace", "outside", "istio.io/rev=nowhere")
    found = lab.ansible.alone(
        "mesh_preflight",
        **options,
        images=["localhost/istio/pilot:9.9.9"],
        wait_timeout=40,
    ).result
    codes = {each["code"]: each for each in found["findings"]}
    assert "both_labels" in codes
    assert "shop" in " ".join(codes["both_labels"]["objects"])
    assert "webhook_gap" in codes
    assert "outside" in " ".join(codes["webhook_gap"]["objects"])

    far = lab.refused("mesh_preflight", **{**options, "version": "1.31"})
    assert "1.31" in far.message
