# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A value is what it says, also as the text that a survey or the command line makes of it."""

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_stage import Stage


def test_a_revision_that_is_a_number_is_gone_on_with(stage: Stage) -> None:
    texts = ("canary_move_gateways=false", "canary_soak=10", "canary_try_images=no")
    begun = stage.run("canary", canary_revision=131, canary_stop_after="proof", extra=texts)
    assert begun.code == 0, begun.output
    [looked] = stage.asked("mesh_preflight")
    assert looked["allow"] == ["gateway_pods"]
    assert stage.journal["target"] == "131"
    done = stage.run("canary", canary_revision=131, extra=texts)
    assert done.code == 0, done.output
    [planned] = stage.asked("upgrade_plan")
    assert planned["record"]["namespaces"] == stage.journal["facts"]["namespaces"]
    assert stage.journal["phase"] == "done"


def test_a_revision_in_place_may_be_a_number(stage: Stage) -> None:
    proof = {"istiod_image": "hub/pilot:1.31.0", "injected": {"revision": "131"}}
    answer = {"changed": True, "objects": [], "proof": proof}
    stage.rule({"module": "istio_revision", "answer": answer})
    done = stage.run("in_place", in_place_revision=131)
    assert done.code == 0, done.output
    assert stage.journal["phase"] == "done"


@pytest.mark.parametrize(("text", "code"), [("false", 0), ("true", 2)])
def test_whether_an_ill_mesh_is_a_failure_may_be_a_text(stage: Stage, text: str, code: int) -> None:
    finding = {"code": "x", "severity": "block", "title": "Ill", "objects": ["istiod"]}
    ill = {**finding, "consequence": "None.", "remedy": "Mend it."}
    answer = {"findings": [ill], "well": False, "table": ["Ill"]}
    stage.rule({"module": "mesh_verify", "answer": answer})
    playbook = "meshwright.istio.verify"
    done = stage.run("verify", playbook=playbook, extra=(f"verify_fail={text}",))
    assert done.code == code, done.output
    assert ("The mesh is not well:" in done.message) == (text == "true")
