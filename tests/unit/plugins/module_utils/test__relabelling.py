# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import (
    Injection,
    Namespace,
)
from ansible_collections.meshwright.istio.plugins.module_utils._relabelling import Relabelling
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

DEFAULTS: dict[str, Any] = {
    "namespaces": None,
    "label_selector": None,
    "share": 100.0,
    "revision": None,
    "injection": None,
    "state": "present",
    "istio_namespace": "istio-system",
    "allow_system_namespaces": False,
    "allow_opted_out": False,
}
OLD, NEW = Injection(revision="1-28"), Injection(revision="1-29")
ENABLED, DISABLED = Injection(injection="enabled"), Injection(injection="disabled")


def relabelling(**params: Any) -> Relabelling:
    return Relabelling.from_params({**DEFAULTS, **params})


def cluster(**labels: dict[str, str]) -> FakeApi:
    return FakeApi(
        *(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": given}}
            for name, given in labels.items()
        )
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        pytest.param({}, "revision: got none with state=present; right is", id="nothing wanted"),
        pytest.param({"revision": "1.29"}, "revision: got '1.29'; right is 1 to 63", id="dots"),
        pytest.param({"revision": "a", "share": 0}, "share: got 0; right is", id="no share"),
        pytest.param(
            {"revision": "a", "namespaces": ["web", "We"]}, "namespaces: got 'We'", id="bad name"
        ),
        pytest.param(
            {"revision": "a", "label_selector": " "}, "label_selector: got an empty", id="empty"
        ),
        pytest.param(
            {"injection": "enabled", "state": "absent"},
            "injection: got 'enabled' with state=absent",
            id="value for what is taken away",
        ),
    ],
)
def test_from_params_refuses(params: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError) as raised:
        relabelling(**params)
    assert raised.value.message.startswith(message)


@pytest.mark.parametrize(
    ("params", "names", "lists"),
    [
        pytest.param({"namespaces": ["b", "a"]}, {"a", "b"}, 1, id="names"),
        pytest.param({"namespaces": []}, set(), 0, id="no names"),
        pytest.param({"label_selector": "team=x"}, {"b", "c"}, 1, id="selector"),
        pytest.param(
            {"label_selector": "team=x", "namespaces": ["a", "b"]}, {"a", "b", "c"}, 2, id="both"
        ),
        pytest.param({"namespaces": ["orders", "web"], "share": 20}, {"orders"}, 1, id="share"),
    ],
)
def test_read(params: dict[str, Any], names: set[str], lists: int) -> None:
    api = cluster(a={}, b={"team": "x"}, c={"team": "x"}, orders={}, web={})
    found = relabelling(revision="1-29", **params).read(api)
    assert {one.name for one in found} == names
    assert api.reads == [("list", "Namespace")] * lists


def test_read_says_what_is_wrong_with_a_selector() -> None:
    class Refusing(FakeApi):
        status = 400

        def list(self, *_arguments: Any, **_named: Any) -> list[dict[str, Any]]:
            raise ApiError("unable to parse", status=self.status)

    api = Refusing()
    with pytest.raises(BadInputError, match=r"label_selector: got 'a!', which .* unable to parse"):
        relabelling(revision="1-29", label_selector="a!").read(api)
    api.status = 403
    with pytest.raises(ApiError):
        relabelling(revision="1-29", label_selector="a!").read(api)


@pytest.mark.parametrize(
    ("params", "before", "after"),
    [
        pytest.param({"revision": "1-29"}, ENABLED, NEW, id="from the usual mesh"),
        pytest.param({"revision": "1-29"}, OLD, NEW, id="from a revision"),
        pytest.param({"injection": "enabled"}, NEW, ENABLED, id="back to no revision"),
        pytest.param({"injection": "disabled"}, NEW, DISABLED, id="opted out"),
        pytest.param({"state": "absent"}, OLD, Injection(), id="absent"),
        pytest.param({"state": "absent"}, ENABLED, Injection(), id="absent, usual mesh"),
        pytest.param({"state": "absent"}, DISABLED, DISABLED, id="absent keeps an opt-out"),
        pytest.param(
            {"state": "absent"},
            Injection(revision="1-28", injection="disabled"),
            DISABLED,
            id="absent keeps an opt-out beside a revision",
        ),
        pytest.param(
            {"state": "absent", "revision": "1-29"}, OLD, OLD, id="absent, another revision"
        ),
        pytest.param(
            {"state": "absent", "revision": "1-28"}, OLD, Injection(), id="absent, that revision"
        ),
    ],
)
def test_plan(params: dict[str, Any], before: Injection, after: Injection) -> None:
    (move,) = relabelling(**params).plan([Namespace(name="a", injection=before)])
    assert (move.before, move.after, move.changed) == (before, after, before != after)


def test_plan_is_sorted_by_name() -> None:
    namespaces = [Namespace(name=name, injection=OLD) for name in "cab"]
    assert [move.name for move in relabelling(revision="1-29").plan(namespaces)] == ["a", "b", "c"]
