# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What other modules return and the journal keeps is read as they write it, by their own types."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _gate
from ansible_collections.meshwright.istio.plugins.module_utils._canary import Plan, Source
from ansible_collections.meshwright.istio.plugins.module_utils._drained import Drained
from ansible_collections.meshwright.istio.plugins.module_utils._journal import Journal, Upgrade
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Path, Phase, Step
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report import words
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.item import Item
from ansible_collections.meshwright.istio.plugins.module_utils.report.outcome import headline
from ansible_collections.meshwright.istio.plugins.module_utils.report.timeline import (
    Kind,
    State,
    lanes,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.wave import Drain, Sample
from ansible_collections.meshwright.istio.tests.unit.support import upgrades
from ansible_collections.meshwright.istio.tests.unit.support.upgrades import BEGIN, Story, iso


def facts(journal: Any, **data: Any) -> Facts:
    found = Facts.read("", journal, data)
    assert found.odd == ()
    return found


def test_a_drained_pod_is_read_without_loss() -> None:
    written = Drained(
        pod="web-0",
        revision="1-28",
        released="2026-06-09T13:58:07Z",
        out="2026-06-09T13:58:09Z",
        acknowledged="2026-06-09T13:58:10Z",
        ended="2026-06-09T13:58:12Z",
        proxies=41,
        open_at_out=3,
        open_at_end=1,
        limits="terminationDrainDuration is 5 s",
        seconds=2.5,
    )
    read = asdict(Drain.from_item(Item.of(written.asdict(), "drained", [])))
    times = ("released", "out", "acknowledged", "ended")
    assert {**read, **{name: words.iso(read[name]) for name in times}} == written.asdict()


def test_a_sample_of_a_gate_is_read_without_loss() -> None:
    written = _gate.Sample(time=BEGIN, check="errors", object="x", text="0.5", value=0.5, ok=False)
    read = asdict(Sample.from_item(Item.of(written.summary(), "sample", [])))
    assert read == {
        key: value for key, value in asdict(written).items() if key not in ("object", "doubt")
    }


def test_a_finding_is_read_without_loss() -> None:
    written = Finding(
        code="image_pull",
        severity=Severity.BLOCK,
        title="The images cannot be pulled",
        objects=("Pod a",),
        consequence="Pods would not start.",
        remedy="Push them.",
        source="the notes of a release",
        override="image_pull",
        overridden=True,
    )
    (read,) = facts(None, findings=[written.summary()]).findings or ()
    assert read.blocks is written.blocks is False
    told = asdict(written)
    del told["override"]
    assert asdict(read) == {**told, "severity": "block"}


def test_the_record_of_a_plan_and_the_journal_are_read() -> None:
    plan = Plan(
        revision="1-29",
        version="1.29.1",
        sources=(Source(revision="1-28", version="1.28.3"),),
        **dict.fromkeys(("waves", "gateways", "tags", "followers", "kept"), ()),
    )
    step = Step(phase=Phase.WAVE_MOVED, wave=2)
    upgrade = Upgrade(path=Path.CANARY, source="1-28", target="1-29")
    written = Journal(
        upgrade=upgrade, step=step, reached=step, opened=iso(BEGIN), facts=plan.record()
    ).with_entry(iso(BEGIN), step, "job-1", "Moved.")
    read = facts(written.summary())
    assert (read.phase, read.wave, read.reached) == ("wave_moved", 2, ("wave_moved", 2))
    assert (read.named(read.source), read.named(read.target)) == (
        *("1-28 (1.28.3)", "1-29 (1.29.1)"),
    )
    assert [(event.time, event.note, event.run_id) for event in read.history] == [
        (BEGIN, "Moved.", "job-1")
    ]


def moved_gateways(**gate: Any) -> dict[str, Any]:
    """As gateway_revision and mesh_gate return it."""
    names = {"namespace": "ingress", "kind": "Deployment", "name": "ingressgateway"}
    entry = {**names, "before": ["1-28"], "after": ["1-29"], "changed": True, "seconds": 12.5}
    idle = {**names, "name": "egress", "before": ["1-29"], "changed": False, "drained": []}
    drained = [{"pod": "ingressgateway-x", "open_at_out": 4, "open_at_end": 0}]
    return {
        "gateways": [{**entry, "drained": drained}, idle],
        "gate": {"verdict": "passed", **gate},
    }


def test_gateways_that_moved_stand_for_those_that_were_planned() -> None:
    read = facts(Story().journal(), gateways_moved=moved_gateways())
    assert [(each.reference, each.revision, each.action) for each in read.gateways] == [
        ("ingress/Deployment/ingressgateway", "1-28", "moved"),
        ("ingress/Deployment/egress", "1-29", None),
    ]
    assert read.gateways[0].drained[0].open_at_out == 4


def test_the_gate_of_the_gateways_is_drawn_and_may_fail() -> None:
    journal = upgrades.gone_well()
    sample = {"time": "2026-06-09T14:04:15Z", "check": "errors", "ok": True}
    read = facts(journal, gateways_moved=moved_gateways(samples=[sample]))
    (lane,) = [each for each in lanes(read) if each.title == "Move the gateways"]
    assert [each.kind for each in lane.bars] == [Kind.WORK, Kind.GATE]
    failed = moved_gateways(verdict="failed", check="errors", reason="Too many.")
    failure = {"message": "It failed.", "phase": "gateways"}
    read = facts(Story().journal(), gateways_moved=failed, failure=failure)
    assert headline(read) == "Stopped: gate \u201cerrors\u201d failed at the gateways."


def test_a_run_that_took_a_part_back_says_so() -> None:
    failure = {"message": "No room. Add a node.", "phase": "waves", "wave": 2, "went_back": "phase"}
    read = facts(upgrades.cut_off(), failure={**failure, "task": "move_wave | Restart"})
    assert headline(read) == "Stopped: No room (in wave 2); what it had moved was taken back."
    read = facts(upgrades.cut_off(), failure={**failure, "went_back": "everything"})
    assert headline(read) == "Taken back: No room (in wave 2)."


def test_a_wave_of_which_only_the_error_is_known_began_after_the_last_word() -> None:
    story = Story().install()
    failure = {"message": "No room.", "phase": "waves", "wave": 1}
    read = facts(story.journal(), failure={**failure, "time": iso(story.pass_time(25))})
    (lane,) = [each for each in lanes(read) if each.title == "Wave 1"]
    assert lane.state is State.FAILED
    assert [(each.end - each.begin).total_seconds() for each in lane.bars] == [25]
    read = facts(story.journal(), failure=failure)
    (lane,) = [each for each in lanes(read) if each.title == "Wave 1"]
    assert (lane.state, lane.bars) == (State.FAILED, ())
