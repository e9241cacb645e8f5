# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._mark import DRAINING, Mark
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import merge

WEB = Reference(namespace="shop", kind="Deployment", name="web")
POD = {"metadata": {"labels": {"app": "web", "hash": "6d4"}, "annotations": {"kept": "yes"}}}


def test_is_read_as_it_was_written_and_erased_without_a_trace() -> None:
    mark = Mark(workload=WEB, labels={"hash": "6d4"}, out=True)
    marked = merge(POD, mark.patch({"hash": "gone"}))
    assert marked["metadata"]["labels"] == {"app": "web", "hash": "gone"}
    assert Mark.from_annotations(marked["metadata"]["annotations"]) == mark
    assert merge(marked, mark.erase()) == POD


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(None, id="absent"),
        pytest.param("", id="empty"),
        pytest.param("[]", id="a list"),
        pytest.param("null", id="nothing"),
        pytest.param('{"labels": {}, "out": true}', id="of nobody"),
        pytest.param('{"labels": {}, "out": true, "workload": "web"}', id="of no reference"),
        pytest.param('{"labels": {}, "out": true, "workload": "a/Job/b"}', id="of another kind"),
        pytest.param('{"labels": 5, "out": true, "workload": "a/Deployment/b"}', id="no labels"),
        pytest.param('{"out": true, "workload": "a/Deployment/b"}', id="without labels"),
    ],
)
def test_what_is_no_mark_of_ours_is_none(text: str | None) -> None:
    annotations = {} if text is None else {DRAINING: text}
    assert Mark.from_annotations(annotations) is None


def test_the_annotation_is_stable() -> None:
    patch = Mark(workload=WEB, labels={"b": "1", "a": "2"}).patch({})
    text = patch["metadata"]["annotations"][DRAINING]
    assert text == json.dumps(json.loads(text), sort_keys=True)
    assert json.loads(text)["workload"] == "shop/Deployment/web"
