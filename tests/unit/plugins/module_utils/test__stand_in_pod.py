# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _stand_in_pod
from ansible_collections.meshwright.istio.plugins.module_utils._mark import DRAINING, Mark
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload
from ansible_collections.meshwright.istio.tests.unit.support import workload_objects

OWNER = {"metadata": {"name": "agent-6d4", "uid": "uid-7"}}
TOLERATION = {"key": "gpu", "operator": "Exists"}


def build(node: str = "n1", **pod: Any) -> dict[str, Any]:
    item = workload_objects.workload("agent", kind="DaemonSet", labels={"tier": "node"}, pod=pod)
    item["spec"]["template"]["metadata"]["annotations"] = {"kept": "yes"}
    workload = Workload.from_object(item)
    return _stand_in_pod.build(workload, node, Mark(workload=workload.reference), OWNER)


def test_takes_the_same_requests_and_is_no_pod_of_the_set() -> None:
    metadata = build()["metadata"]
    assert metadata["labels"] == {"app": "agent", "tier": "node"}
    assert metadata["annotations"].keys() == {"kept", DRAINING}
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == (
        "ControllerRevision",
        "agent-6d4",
        "uid-7",
    )
    assert owner["controller"] is True


def test_is_found_by_its_mark_and_has_nobody_to_be_given_back_to() -> None:
    pod = Pod.from_object(build())
    assert pod.mark is not None
    assert (str(pod.owner), pod.mark.labels, pod.mark.out) == ("DaemonSet shop/agent", {}, False)


def test_runs_on_that_node_whatever_the_node_is_like() -> None:
    spec = build(tolerations=[TOLERATION], affinity={"podAffinity": {"kept": True}})["spec"]
    assert spec["affinity"]["podAffinity"] == {"kept": True}
    terms = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (term,) = terms["nodeSelectorTerms"]
    assert term["matchFields"] == [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]
    assert spec["tolerations"][0] == TOLERATION
    assert {each["key"] for each in spec["tolerations"][1:]} >= {
        "node.kubernetes.io/unschedulable",
        "node.kubernetes.io/not-ready",
    }


def test_has_one_name_for_each_node() -> None:
    names = {build(node)["metadata"]["name"] for node in ("n1", "n2", "n1")}
    assert len(names) == 2
    assert all(name.startswith("agent-stand-in-") for name in names)
