# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example of the guide does what the guide tells."""

from __future__ import annotations

from pathlib import Path

from sandbox import features, istio
from sandbox.cluster import Cluster
from tests.integration.support import reading
from tests.integration.support.lab import NEW, Lab, control_plane
from tests.integration.support.playing import CHECKOUT

EXAMPLE = CHECKOUT / "examples/by_hand.yml"


def _istioctls(cluster: Cluster, folder: Path) -> Path:
    """Both versions in one folder, called as the documentation says."""
    folder.mkdir()
    for version in ("1.30.4", "1.31.0"):
        minor = version.rpartition(".")[0]
        (folder / f"istioctl-{version}").symlink_to(cluster.artifacts.path(f"istioctl-{minor}"))
    return folder


def test_the_way_by_hand(mesh: Cluster, lab: Lab, tmp_path: Path) -> None:
    settings = control_plane(mesh)
    played = lab.ansible.play(
        EXAMPLE,
        namespaces=["shop"],
        istioctl_directory=str(_istioctls(mesh, tmp_path / "istioctls")),
        operator=settings["operator"],
        hub=settings["hub"],
    )
    steps = [each for each in played.of("istio_revision") if each.status == "ok"]
    # The removal that was refused has no revision to tell of.
    installed = [each.result["revision"] for each in steps if "revision" in each.result]
    assert installed[:2] == ["1-30", NEW]
    moved = [
        {row["action"] for row in each.result["workloads"]}
        for each in played.of("workload_restart")
    ]
    assert moved == [{"restarted"}] * 4

    path = "/apis/apps/v1/namespaces/istio-system/deployments"
    names = {each["metadata"]["name"] for each in mesh.objects.get(path)["items"]}
    assert names == {"istiod", f"istiod-{NEW}"}
    assert lab.labels("shop") == {"istio.io/rev": NEW}
    assert lab.revisions("shop") == {NEW}
    for namespace in istio.GATEWAYS.values():
        assert lab.revisions(namespace) == {"default"}
    # Some of the old pods may still be on their way out.
    reading.quiet(mesh)
    assert all(each.ok for each in features.check(mesh))
