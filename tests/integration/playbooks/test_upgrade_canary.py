# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook as it is installed: says what it will do, does that, and then has nothing to do."""

from __future__ import annotations

import re

from sandbox import features
from sandbox.cluster import Cluster
from sandbox.progress import Progress
from tests.integration.support import reading
from tests.integration.support.lab import NEW, Lab
from tests.integration.support.playing import Played

UPGRADE = "meshwright.istio.upgrade_canary"
# What controllers and the journal make of the objects that the plan names.
MADE_OF_THEM = (
    "pods/",
    "replicasets/",
    "endpoints/",
    "endpointslices/",
    "ipaddresses/",
    # Their status counts pods.
    "poddisruptionbudgets/istio-ingress/",
    "configmaps/istio-system/meshwright-upgrade",
    "leases/istio-system/meshwright-upgrade",
)


def _named(predicted: Played) -> set[str]:
    """What check mode says is written, as the reading calls it."""
    [planned] = predicted.of("upgrade_plan")
    [install] = predicted.of("istio_revision")
    plan = planned.result["plan"]
    names = {
        _plural(each["kind"], each["namespace"], each["name"]) for each in install.result["objects"]
    }
    for wave in plan["waves"]:
        names |= {f"namespaces/{name}" for name in wave["to_label"]}
        names |= {_workload(each) for each in wave["workloads"]}
    names |= {_workload(each["reference"]) for each in plan["gateways"]}
    for tag in plan["tags"]:
        names.add(f"mutatingwebhookconfigurations/istio-revision-tag-{tag['name']}")
        if tag["name"] == "default":
            names.add("validatingwebhookconfigurations/istiod-default-validator")
            names.add("services/istio-system/istiod-revision-tag-default")
    return names


def _workload(reference: str) -> str:
    namespace, kind, name = reference.split("/")
    return _plural(kind, namespace, name)


def _plural(kind: str, namespace: str | None, name: str) -> str:
    return "/".join(filter(None, (f"{kind.lower()}s", namespace, name)))


def test_what_check_mode_names_is_done_and_nothing_is_left(
    mesh: Cluster, upgrades: Lab, progress: Progress
) -> None:
    ansible = upgrades.ansible
    assert all(each.ok for each in features.check(mesh))
    before = reading.quiet(mesh)
    upgrades.recorder.take()
    predicted = ansible.play(UPGRADE, check=True)
    assert upgrades.recorder.writes() == []
    reading.expect_same(before, reading.read(mesh), "check mode has changed")
    for line in (f"tag       default: from default to {NEW}", "wave 1    first: shop"):
        assert line in predicted.output

    done = ansible.play(UPGRADE, canary_soak=5)
    assert done.changed
    after = reading.quiet(mesh)
    found = reading.difference(before, after)
    everything = found.added | found.changed | found.removed
    assert {name for name in everything if not name.startswith(MADE_OF_THEM)} == _named(predicted)
    for namespace in ("shop", "istio-ingress", "istio-egress"):
        assert upgrades.revisions(namespace) == {NEW}
    assert upgrades.tags() == {"default": NEW}
    assert all(each.ok for each in features.check(mesh))

    upgrades.recorder.take()
    again = ansible.play(UPGRADE)
    assert again.changed == []
    assert re.search(r"changed=0 .*failed=0", again.output)
    assert upgrades.recorder.writes() == []
    reading.expect_same(after, reading.read(mesh), "the second run has changed")
    progress.note(
        f"check mode took {predicted.seconds:.1f} s, the upgrade {done.seconds:.1f} s,"
        f" the second run {again.seconds:.1f} s"
    )

    checked = ansible.play(UPGRADE, check=True)
    assert checked.changed == []
    assert "nothing is left to be moved" in checked.output
