# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each condition is made on a real mesh and found there, and nothing else with it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.cluster import Cluster
from tests.integration.preflight.conditions import CONDITIONS
from tests.integration.preflight.making import SYSTEM, Condition, manifest
from tests.integration.support import reading
from tests.integration.support.lab import NEW, NEW_VERSION, Lab

# A reset leaves Leases alone.
RECORDS = (
    f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/meshwright-upgrade",
    f"/api/v1/namespaces/{SYSTEM}/configmaps/meshwright-upgrade",
)


def options(lab: Lab, **changes: Any) -> dict[str, Any]:
    """The way to the new version, with the istioctls of both in one folder."""
    folder = lab.ansible.scratch / "istioctls"
    folder.mkdir(exist_ok=True)
    for name in ("istioctl-1.30", "istioctl-1.31"):
        if not (folder / name).exists():
            (folder / name).symlink_to(lab.cluster.artifacts.path(name))
    return {
        "revision": NEW,
        "version": NEW_VERSION,
        "istioctl_directory": str(folder),
        "try_images": False,
        **changes,
    }


def told(found: Any) -> str:
    return "\n".join(found.result["table"])


def test_a_healthy_mesh_gives_nothing_and_check_mode_says_the_same(mesh: Cluster, lab: Lab) -> None:
    before = reading.quiet(mesh)
    lab.recorder.take()
    checked = lab.ansible.alone("mesh_preflight", check=True, **options(lab))
    done = lab.ansible.module("mesh_preflight", **options(lab))
    assert lab.recorder.writes() == []
    assert done.result["findings"] == checked.result["findings"] == [], told(done)
    reading.expect_same(before, reading.quiet(mesh), "the preflight has left something")


@pytest.mark.usefixtures("mesh")
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"path": "in_place", "revision": "default"}, id="in place"),
        pytest.param({"namespaces": ["shop"]}, id="one namespace"),
        pytest.param({"drain": "where_safe"}, id="drained where safe"),
    ],
)
def test_a_healthy_mesh_gives_nothing(lab: Lab, changes: dict[str, Any]) -> None:
    found = lab.ansible.alone("mesh_preflight", **options(lab, **changes))
    assert found.result["findings"] == [], told(found)


@pytest.mark.usefixtures("beside")
def test_a_mesh_with_both_versions_gives_nothing(lab: Lab) -> None:
    found = lab.ansible.alone("mesh_preflight", **options(lab))
    assert found.result["findings"] == [], told(found)


@pytest.fixture
def made(mesh: Cluster, request: pytest.FixtureRequest) -> Iterator[Condition]:
    condition: Condition = request.param
    try:
        condition.make(mesh)
        yield condition
    finally:
        condition.undo(mesh)


@pytest.mark.parametrize("made", CONDITIONS, indirect=True, ids=lambda each: each.name)
def test_it_is_found_and_nothing_else(made: Condition, lab: Lab) -> None:
    lab.recorder.take()
    found = lab.ansible.alone("mesh_preflight", **options(lab, **made.options))
    assert lab.recorder.writes() == []
    assert {each["code"] for each in found.result["findings"]} == made.codes, told(found)


@pytest.mark.usefixtures("mesh")
def test_an_image_that_nobody_has_is_found(lab: Lab) -> None:
    image = "localhost/istio/pilot:9.9.9"
    found = lab.ansible.module(
        "mesh_preflight", **options(lab, try_images=True, images=[image], wait_timeout=40)
    )
    assert [each["code"] for each in found.result["findings"]] == ["image_pull"], told(found)
    assert image in found.result["findings"][0]["consequence"]


@pytest.mark.usefixtures("mesh")
def test_an_istioctl_that_lacks_for_the_way_back_is_found(lab: Lab) -> None:
    path = str(lab.cluster.artifacts.path("istioctl-1.31"))
    asked = options(lab, path="in_place", revision="default", istioctl_path=path)
    del asked["istioctl_directory"]
    found = lab.ansible.alone("mesh_preflight", **asked)
    assert [each["code"] for each in found.result["findings"]] == ["way_back"], told(found)


def test_what_names_the_default_tag_moves_along(mesh: Cluster, lab: Lab) -> None:
    """The old revision has the name of a tag too, so nothing is lost that is labelled with it."""
    labelled = manifest(
        "networking.istio.io/v1",
        "DestinationRule",
        "near",
        "shop",
        labels={"istio.io/rev": "default"},
        spec={"host": "catalog"},
    )
    mesh.apply([labelled])
    found = lab.ansible.alone("mesh_preflight", **options(lab))
    assert found.result["findings"] == [], told(found)


def test_what_names_a_revision_that_is_left_is_found(beside: Cluster, lab: Lab) -> None:
    """On the way from 1-31 to another revision of the same version."""
    beside.kubectl("label", "namespace", "outside", f"istio.io/rev={NEW}")
    labelled = manifest(
        "networking.istio.io/v1",
        "DestinationRule",
        "near",
        "outside",
        labels={"istio.io/rev": NEW},
        spec={"host": "partner"},
    )
    beside.apply([labelled])
    found = lab.ansible.alone("mesh_preflight", **options(lab, revision="1-31-0"))
    assert [each["code"] for each in found.result["findings"]] == ["config_revision"], told(found)
    [objects] = [each["objects"] for each in found.result["findings"]]
    assert objects == [f"DestinationRule outside/near (istio.io/rev={NEW})"]


def test_another_upgrade_is_found(mesh: Cluster, lab: Lab) -> None:
    lab.ansible.module("upgrade_journal", action="open", source="default", target="1-29")
    try:
        found = lab.ansible.alone("mesh_preflight", **options(lab))
        assert [each["code"] for each in found.result["findings"]] == ["other_upgrade"]
    finally:
        for path in RECORDS:
            mesh.objects.delete(path)


def test_an_ending_root_and_another_one_are_found(mesh: Cluster, lab: Lab) -> None:
    """Only without an istiod, which would put the right one back."""
    path = f"/api/v1/namespaces/{SYSTEM}/configmaps/istio-ca-root-cert"
    right = mesh.objects.get(path)["data"]["root-cert.pem"]
    body = base64.b64decode("".join(right.splitlines()[1:-1]))
    end = _not_after(body)
    ended = base64.encodebytes(body.replace(end, b"261201000000Z")).decode()
    text = f"-----BEGIN CERTIFICATE-----\n{ended}-----END CERTIFICATE-----\n"
    mesh.kubectl("-n", SYSTEM, "scale", "deployment/istiod", "--replicas=0")
    mesh.objects.wait(
        f"/api/v1/namespaces/{SYSTEM}/pods",
        lambda pods: "istiod" if any("istiod" in each["metadata"]["name"] for each in pods) else "",
        what="the end of istiod",
    )
    mesh.objects.patch(path, {"data": {"root-cert.pem": text}})
    found = lab.ansible.alone("mesh_preflight", **options(lab))
    codes = {each["code"] for each in found.result["findings"]}
    assert codes == {"root_certificate", "root_differs", "webhook_dead"}, told(found)


def _not_after(body: bytes) -> bytes:
    """The second of the two times in a certificate whose times are short."""
    first = body.index(b"\x17\x0d") + 2
    second = body.index(b"\x17\x0d", first) + 2
    return body[second : second + 13]


def test_the_playbook_writes_a_page_and_fails_where_something_forbids_it(
    mesh: Cluster, lab: Lab, tmp_path: Path
) -> None:
    variables = {
        "preflight_version": NEW_VERSION,
        "preflight_istioctl_directory": options(lab)["istioctl_directory"],
        "preflight_report_directory": str(tmp_path / "reports"),
    }
    lab.ansible.play("meshwright.istio.preflight", **variables)
    written = json.loads((tmp_path / "reports/preflight-localhost-1-31.json").read_text())
    assert written["headline"] == "Not begun: only the preflight has run, and nothing forbids it."

    mesh.apply(
        [
            manifest(
                "networking.istio.io/v1alpha3",
                "EnvoyFilter",
                "limits",
                "shop",
                spec={
                    "configPatches": [
                        {
                            "applyTo": "CLUSTER",
                            "match": {"proxy": {"proxyVersion": r"^1\.30.*"}},
                            "patch": {"operation": "MERGE", "value": {"connect_timeout": "9s"}},
                        }
                    ]
                },
            )
        ]
    )
    failed = lab.ansible.play("meshwright.istio.preflight", fails=True, **variables)
    assert "envoy_filter" in str(failed.failure)
    lab.ansible.play("meshwright.istio.preflight", preflight_allow=["envoy_filter"], **variables)
    page = (tmp_path / "reports/preflight-localhost-1-31.html").read_text(encoding="utf-8")
    assert "envoy_filter" in page
