# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.modules import namespace_revision_label
from ansible_collections.meshwright.istio.tests.unit.support import control_planes
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

ENABLED = {"istio-injection": "enabled", "team": "x"}


def cluster(**namespaces: Mapping[str, str]) -> FakeApi:
    labels = {"web": ENABLED, "back": ENABLED, "moved": {"istio.io/rev": "1-29"}, **namespaces}
    return FakeApi(
        *control_planes.revision("1-29"),
        *control_planes.unrevisioned(),
        *(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": name.replace("_", "-"), "labels": dict(given)},
            }
            for name, given in labels.items()
        ),
    )


def run(api: FakeApi, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
    return run_module(namespace_revision_label, api, arguments, check=check)


def labels(api: FakeApi, name: str) -> dict[str, str]:
    found: dict[str, str] = api.objects["v1", "Namespace", None, name]["metadata"]["labels"]
    return found


def test_moves_with_one_patch_each_and_then_has_nothing_to_do() -> None:
    api = cluster()
    arguments = {"namespaces": ["web", "back", "moved"], "revision": "1-29"}
    first = run(api, **arguments)
    assert (first["rc"], first["changed"]) == (0, True)
    assert api.writes == [("patch", "Namespace", "back"), ("patch", "Namespace", "web")]
    assert labels(api, "web") == {"istio.io/rev": "1-29", "team": "x"}
    assert first["counts"] == {"chosen": 3, "changed": 2, "unchanged": 1, "failed": 0}
    api.reads.clear()
    second = run(api, **arguments)
    assert (second["changed"], second["diff"], len(api.writes)) == (False, [], 2)
    assert api.reads == [("list", "Namespace")]


def test_check_mode_says_the_same_and_writes_nothing() -> None:
    api = cluster()
    arguments = {"label_selector": "istio-injection=enabled", "revision": "1-29"}
    predicted = run(api, check=True, **arguments)
    assert api.writes == []
    assert api.reads.count(("list", "Namespace")) == 1
    assert run(api, **arguments) == predicted
    assert [entry["before_header"] for entry in predicted["diff"]] == [
        "Namespace back",
        "Namespace web",
    ]


def test_goes_back_to_the_control_plane_without_a_revision() -> None:
    api = cluster()
    assert run(api, namespaces=["moved"], injection="enabled")["changed"] is True
    assert labels(api, "moved") == {"istio-injection": "enabled"}


def test_absent_takes_both_labels_away_and_asks_no_webhook() -> None:
    api = cluster(both={"istio-injection": "enabled", "istio.io/rev": "1-29"})
    assert run(api, namespaces=["both", "web"], state="absent")["changed"] is True
    assert (labels(api, "both"), labels(api, "web")) == ({}, {"team": "x"})
    assert api.reads == [("list", "Namespace")]


def test_opting_out_asks_no_webhook() -> None:
    api = cluster()
    assert run(api, namespaces=["moved"], injection="disabled")["changed"] is True
    assert labels(api, "moved") == {"istio-injection": "disabled"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"revision": "1-29"}, "one of the following is required", id="no choice"),
        pytest.param(
            {"namespaces": ["web"], "revision": "1-29", "injection": "enabled"},
            "mutually exclusive",
            id="two targets",
        ),
        pytest.param({"namespaces": ["web"]}, "revision: got none", id="no target"),
        pytest.param(
            {"namespaces": ["web"], "revision": "1-29", "share": 120}, "share: got 120", id="share"
        ),
        pytest.param(
            {"namespaces": ["web", "bakc"], "revision": "1-29"},
            "namespaces: 'bakc' does not exist (there is back)",
            id="misspelt namespace",
        ),
        pytest.param(
            {"namespaces": ["web"], "revision": "1-30"},
            "No injection webhook answers for 1-30",
            id="unknown revision",
        ),
        pytest.param(
            {"namespaces": ["kube-system", "web"], "revision": "1-29"},
            "System namespaces are among those to be changed: kube-system.",
            id="system namespace",
        ),
        pytest.param(
            {"namespaces": ["out", "web"], "revision": "1-29"},
            "These namespaces have opted out of injection (istio-injection=disabled): out.",
            id="opted out",
        ),
    ],
)
@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_refuses_before_any_write(arguments: dict[str, Any], message: str, check: bool) -> None:
    api = cluster(kube_system={}, out={"istio-injection": "disabled"})
    result = run(api, check=check, **arguments)
    assert result["rc"] == 1
    assert message in result["msg"]
    assert api.writes == []


def test_named_overrides_let_it_pass() -> None:
    api = cluster(kube_system={}, out={"istio-injection": "disabled"})
    result = run(
        api,
        namespaces=["kube-system", "out"],
        revision="1-29",
        allow_system_namespaces=True,
        allow_opted_out=True,
    )
    assert result["counts"]["changed"] == 2


def test_failure_of_one_leaves_the_others_done_and_is_named() -> None:
    api = cluster()
    api.failures["patch", "back"] = [ApiError("Grant it.", status=403)]
    result = run(api, namespaces=["web", "back"], revision="1-29")
    assert (result["rc"], result["changed"]) == (1, True)
    assert result["msg"].startswith("1 of 2 namespaces could not be changed. back: Grant it.")
    assert result["failed_namespaces"] == ["back"]
    assert labels(api, "web")["istio.io/rev"] == "1-29"
    assert run(api, namespaces=["web", "back"], revision="1-29")["counts"]["changed"] == 1
