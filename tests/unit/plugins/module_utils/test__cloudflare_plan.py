# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _cloudflare_plan
from ansible_collections.meshwright.istio.plugins.module_utils._cloudflare import (
    LoadBalancer,
    Pool,
)
from ansible_collections.meshwright.istio.plugins.module_utils._cloudflare_plan import (
    Plan,
    Sides,
    Wish,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.tests.cloudflare_api import fjord
from ansible_collections.meshwright.istio.tests.cloudflare_api.fjord import NEW, OLD, SORRY
from ansible_collections.meshwright.istio.tests.cloudflare_api.zone import Zone

OPTIONS = {
    "share": None,
    "shares": None,
    "fallback_pool": "follow",
    "drain_seconds": None,
    "set_steering": False,
    "allow_rules": False,
}


def sides(source: dict[str, Any] | None = None, target: dict[str, Any] | None = None) -> Sides:
    return Sides(
        source=Pool.from_object(fjord.pool(OLD, "old") | (source or {})),
        target=Pool.from_object(fjord.pool(NEW, "new") | (target or {})),
        names={OLD: "old", NEW: "new", SORRY: "sorry"},
    )


def plan(fields: dict[str, Any], pools: Sides | None = None, **options: Any) -> Plan:
    wish = Wish.from_params({**OPTIONS, **options})
    balancer = LoadBalancer.from_object(fjord.balancer(**fields))
    return _cloudflare_plan.make(balancer, pools or sides(), wish)


@pytest.mark.parametrize("share", range(1, 100))
def test_every_share_is_in_steps_that_the_api_takes(share: int) -> None:
    """The rules of the schema are those of the server of the tests, not of the planner."""
    api = fjord.make()
    item = api.zone.balancers[1]
    body = plan({}, share=share).body()
    api.zone.patch(item, body)
    weights = item["random_steering"]["pool_weights"]
    assert weights == {OLD: pytest.approx(1 - share / 100), NEW: pytest.approx(share / 100)}
    assert LoadBalancer.from_object(item).share(OLD, NEW) == share


def test_only_what_differs_is_sent() -> None:
    assert plan({}, share=25).body() == {
        "random_steering": {"default_weight": 0, "pool_weights": {OLD: 0.75, NEW: 0.25}}
    }
    assert plan({}, share=0).body() == {}
    assert not plan({}, share=0).change.changed


def test_other_weights_and_attributes_are_sent_again() -> None:
    """A PATCH replaces the whole field."""
    weights = {OLD: 1, NEW: 0, SORRY: 0}
    fields = {
        "session_affinity": "cookie",
        "random_steering": {"default_weight": 0.4, "pool_weights": weights},
    }
    body = plan(fields, share=40, drain_seconds=90).body()
    assert body["random_steering"] == {
        "default_weight": 0.4,
        "pool_weights": {OLD: 0.6, NEW: 0.4, SORRY: 0},
    }
    assert body["session_affinity_attributes"] == {"samesite": "Lax", "drain_duration": 90}


def test_default_weight_that_is_not_there_is_not_made_up() -> None:
    body = plan({"random_steering": {"pool_weights": {}}}, share=40).body()
    assert body["random_steering"] == {"pool_weights": {OLD: 0.6, NEW: 0.4}}


@pytest.mark.parametrize(
    ("fallback", "option", "share", "after"),
    [
        pytest.param(OLD, "follow", 0, OLD, id="nothing is given"),
        pytest.param(OLD, "follow", 99, OLD, id="the target is not proven yet"),
        pytest.param(OLD, "follow", 100, NEW, id="the target has everything"),
        pytest.param(NEW, "follow", 99, OLD, id="on the way back"),
        pytest.param(SORRY, "follow", 100, SORRY, id="somebody chose another"),
        pytest.param(OLD, "keep", 100, OLD, id="it is to stay"),
        pytest.param(NEW, "keep", 0, NEW, id="it is to stay on the way back"),
    ],
)
def test_fallback_is_never_a_cluster_that_is_not_proven(
    fallback: str, option: str, share: int, after: str
) -> None:
    made = plan({"fallback_pool": fallback}, share=share, fallback_pool=option)
    assert made.body().get("fallback_pool", fallback) == after


def test_drain_is_set_only_where_there_are_sessions() -> None:
    assert plan({}, drain_seconds=90).body() == {}
    assert plan({"session_affinity": "cookie", "proxied": False}, drain_seconds=90).body() == {}
    made = plan({"session_affinity": "header"}, drain_seconds=90)
    assert set(made.body()) == {"session_affinity_attributes"}


def test_diff_is_in_the_words_of_people() -> None:
    change = plan({"fallback_pool": OLD}, share=100).change
    assert change.diff() == {
        "before_header": "load balancer harbour.fjord.test",
        "after_header": "load balancer harbour.fjord.test",
        "before": {
            "weights": {"old": 1.0, "new": 0.0},
            "steering_policy": "random",
            "fallback_pool": "old",
            "drain_duration": None,
        },
        "after": {
            "weights": {"old": 0.0, "new": 1.0},
            "steering_policy": "random",
            "fallback_pool": "new",
            "drain_duration": None,
        },
    }


SHEDS = {"load_shedding": {"default_percent": 5}}
THIRD = {"default_pools": [OLD, NEW, SORRY]}
RULE = {"name": "track", "overrides": {"default_pools": [OLD]}}


@pytest.mark.parametrize(
    ("fields", "pools", "said"),
    [
        pytest.param({"enabled": False}, sides(), "it is disabled", id="nobody asks it"),
        pytest.param(
            {"default_pools": [NEW]}, sides(), "old is not one of its default", id="no source"
        ),
        pytest.param(
            {"default_pools": [OLD]}, sides(), "new is not one of its default", id="no target"
        ),
        pytest.param({}, sides({"enabled": False}), "old is disabled", id="source is off"),
        pytest.param({}, sides(None, {"enabled": False}), "new is disabled", id="target is off"),
        pytest.param({}, sides(SHEDS), "old sheds load", id="source sheds"),
        pytest.param({"steering_policy": "off"}, sides(), "policy is 'off'", id="by order"),
        pytest.param({"steering_policy": ""}, sides(), "policy is ''", id="by nothing"),
        pytest.param(
            {**THIRD, "random_steering": None}, sides(), "sorry gets requests", id="a third pool"
        ),
        pytest.param({"rules": [RULE]}, sides(), "rule track sends", id="a rule"),
    ],
)
@pytest.mark.parametrize("options", [{"share": 5}, {"shares": [0, 100]}], ids=["set", "foreseen"])
def test_weights_that_say_nothing_are_refused(
    fields: dict[str, Any], pools: Sides, said: str, options: dict[str, Any]
) -> None:
    with pytest.raises(RefusedError, match=f"load balancer harbour.fjord.test cannot.*{said}"):
        plan(fields, pools, **options)
    assert not plan(fields, pools).change.changed, "reading is no reason to refuse"


@pytest.mark.parametrize(
    ("fields", "pools"),
    [
        pytest.param({"default_pools": [OLD]}, sides(), id="it was taken out"),
        pytest.param({}, sides(None, {"enabled": False}), id="it is disabled"),
        pytest.param({}, sides(None, SHEDS), id="it sheds load"),
    ],
)
def test_way_back_does_not_depend_on_the_target(fields: dict[str, Any], pools: Sides) -> None:
    half = {"random_steering": {"pool_weights": {OLD: 0.5, NEW: 0.5}}}
    body = plan({**fields, **half}, pools, share=0).body()
    assert body["random_steering"]["pool_weights"] == {OLD: 1, NEW: 0}


def test_third_pool_without_weight_is_no_matter() -> None:
    assert plan(THIRD, share=50).change.changed


def test_what_is_allowed_by_name_is_not_refused() -> None:
    made = plan({"steering_policy": "geo", "rules": [RULE]}, share=7, **_allowed())
    assert made.body()["steering_policy"] == "random"
    assert "steering_policy" not in plan({"steering_policy": "least_connections"}, share=7).body()
    assert not plan({"steering_policy": "geo"}, shares=[7], set_steering=True).change.changed


def _allowed() -> dict[str, Any]:
    return {"set_steering": True, "allow_rules": True}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"share": 101}, "share: got 101"),
        ({"share": -1}, "share: got -1"),
        ({"shares": [0, 200]}, "shares: got 200"),
        ({"drain_seconds": -5}, "drain_seconds: got -5"),
    ],
)
def test_values_that_cannot_be_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        Wish.from_params({**OPTIONS, **options})


def test_server_of_the_tests_refuses_what_the_schema_does() -> None:
    """Else a plan that is wrong would pass."""
    zone: Zone = fjord.make().zone
    item = zone.balancers[1]
    before = dict(item)
    for body in (
        {"random_steering": {"pool_weights": {OLD: 1.01}}},
        {"random_steering": {"pool_weights": {OLD: 0.125}}},
        {"random_steering": {"pool_weights": {"f" * 32: 0.5}}},
        {"random_steering": {"weights": {}}},
        {"random_steering": {"default_weight": 0.25}},
        {"fallback_pool": "f" * 32},
        {"steering_policy": "weighted"},
        {"session_affinity_attributes": {"drain": 5}},
        {"weights": {}},
        [],
    ):
        with pytest.raises(Exception, match="validation failed"):
            zone.patch(item, body)
    assert item == before
