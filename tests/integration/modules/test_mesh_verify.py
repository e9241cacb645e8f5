# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A healthy mesh has no finding, each condition made for real has, and nothing is written."""

from __future__ import annotations

from sandbox.cluster import Cluster
from tests.integration.support import reading
from tests.integration.support.lab import Lab


def test_a_healthy_mesh_has_no_finding(mesh: Cluster, lab: Lab) -> None:
    before = reading.quiet(mesh)
    for check in (True, False):
        found = lab.ansible.module("mesh_verify", check=check, version="1.30.4").result
        assert found["findings"] == []
        assert found["certificates"] > 0
    reading.expect_same(before, reading.quiet(mesh), "it has left something")


def test_what_is_wrong_is_named(mesh: Cluster, lab: Lab) -> None:
    mesh.kubectl("label", "namespace", "outside", "istio.io/rev=nowhere")
    for name in ("istiod-default-validator", "istio-validator-istio-system"):
        mesh.kubectl("delete", "validatingwebhookconfiguration", name, "--ignore-not-found")
    found = lab.ansible.alone("mesh_verify", version="1.31.0").result
    codes = {each["code"]: each for each in found["findings"]}
    assert set(codes) == {
        "control_plane_version",
        "namespace_unserved",
        "proxy_version",
        "validator_open",
    }
    assert "outside" in " ".join(codes["namespace_unserved"]["objects"])
    assert found["well"] is False
