# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role canary and its way back from end to end, without a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.tests.unit.support import canary_stage
from ansible_collections.meshwright.istio.tests.unit.support.canary_stage import (
    NEW,
    OLD,
    REVISION,
    Stage,
)
from ansible_collections.meshwright.istio.tests.unit.support.gateways import gateway
from ansible_collections.meshwright.istio.tests.unit.support.mesh_objects import namespace, pod

FAILS_AT_TAGS = {
    "name": "hook | Fail",
    "ansible.builtin.fail": {"msg": "The owners say no."},
    "when": "canary_current_phase.name == 'tags'",
}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Namespaces that name the old revision, and one that follows a tag."""
    spaces = (namespace("shop", rev="prod"), namespace("mail", rev=OLD), namespace("web", rev=OLD))
    with canary_stage.stage(tmp_path, *spaces) as made:
        yield made


def test_what_was_deleted_since_needs_no_way_back(stage: Stage) -> None:
    stage.api.put(namespace("edge", rev=OLD))
    stage.api.put(gateway(labels={REVISION: OLD}))
    stage.api.put(pod("edge-in-x", "edge", revision=OLD, deployment="edge-in"))
    waited = stage.upgrade(canary_stop_after="waves")
    assert waited.code == 0, waited.output
    assert stage.labels("mail") == stage.labels("web") == {REVISION: NEW}
    [recorded] = stage.journal["facts"]["gateways"]
    assert recorded["reference"] == "edge/Deployment/edge-in"

    stage.api.remove(_kinds.NAMESPACE, "mail")
    stage.api.remove(_kinds.DEPLOYMENT, "edge-in", "edge")
    stage.api.remove(_kinds.POD, "edge-in-x", "edge")
    back = stage.roll_back()
    assert back.code == 0, back.output
    assert (stage.labels("web"), stage.labels("shop")) == ({REVISION: OLD}, {REVISION: "prod"})
    assert stage.journal["phase"] == "rolled_back"


def test_a_namespace_that_goes_before_its_wave_holds_nothing_up(stage: Stage) -> None:
    hook = stage.hook(stage.deletes("mail"))
    done = stage.upgrade(canary_before_wave=[hook], canary_move_tags=False)
    assert done.code == 0, done.output
    assert ("v1", "Namespace", None, "mail") not in stage.api.objects
    assert stage.labels("web") == stage.labels("shop") == {REVISION: NEW}
    assert stage.journal["phase"] == "done"


def test_what_a_later_run_has_moved_goes_back_too(stage: Stage) -> None:
    first = stage.upgrade(
        canary_stop_after="proof", canary_excluded_namespaces=["web"], canary_move_tags=False
    )
    assert first.code == 0, first.output
    stage.api.put(namespace("late", istio_injection="enabled"))
    second = stage.upgrade(canary_on_failure="stop", canary_after_phase=[stage.hook(FAILS_AT_TAGS)])
    assert "failed at 'hook | Fail'" in second.message, second.output
    assert stage.labels("late") == stage.labels("web") == {REVISION: NEW}

    back = stage.roll_back()
    assert back.code == 0, back.output
    assert stage.labels("late") == {"istio-injection": "enabled"}
    assert (stage.labels("web"), stage.labels("mail")) == ({REVISION: OLD}, {REVISION: OLD})
    assert {"tag": "prod", "revision": OLD} in [
        {key: each[key] for key in ("tag", "revision")}
        for each in stage.asked("istio_revision_tag")
    ]


def test_what_keeps_its_tag_does_not_follow_it_back(stage: Stage) -> None:
    """The tag leads to the old revision again, and the pods of shop are on the new one."""
    failed = stage.upgrade(canary_after_phase=[stage.hook(FAILS_AT_TAGS)])
    assert "What it had moved was taken back" in failed.message, failed.output
    tags = [(each["tag"], each["revision"]) for each in stage.asked("istio_revision_tag")]
    assert tags[-2:] == [("default", OLD), ("prod", OLD)]
    assert stage.labels("shop") == {REVISION: NEW}


def test_an_unfinished_upgrade_keeps_what_it_goes_back_to(stage: Stage) -> None:
    waited = stage.upgrade(canary_stop_after="tags")
    assert waited.code == 0, waited.output
    asked = len(stage.asked("istio_revision"))
    for revision in (OLD, NEW):
        refused = stage.run("retire_old_revision", canary_old_revision=revision)
        assert f"canary_old_revision: got {revision}, which the unfinished" in refused.message
    assert len(stage.asked("istio_revision")) == asked

    assert stage.upgrade().code == 0
    retired = stage.run("retire_old_revision", canary_old_revision=OLD)
    assert retired.code == 0, retired.output
    last = stage.asked("istio_revision")[-1]
    assert (last["revision"], last["state"]) == (OLD, "absent")


def test_check_mode_shows_the_way_back_and_writes_nothing(stage: Stage) -> None:
    waited = stage.upgrade(canary_stop_after="waves")
    assert waited.code == 0, waited.output
    wrote = len(stage.api.writes)
    shown = stage.roll_back("--check", "--diff")
    assert shown.code == 0, shown.output
    assert "Namespace web" in shown.output
    assert "A real run would end with the removal of 1-31" in shown.message
    assert (stage.api.writes[wrote:], stage.journal["phase"]) == ([], "wave_moved")
    assert [each for each in stage.asked("istio_revision") if each.get("state") == "absent"] == []
