# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._cloudflare import (
    LoadBalancer,
    Pool,
    is_healthy,
)
from ansible_collections.meshwright.istio.tests.cloudflare_api import fjord
from ansible_collections.meshwright.istio.tests.cloudflare_api.fjord import NEW, OLD


def read(**fields: Any) -> LoadBalancer:
    return LoadBalancer.from_object(fjord.balancer(**fields))


def steering(weights: dict[str, float], **more: float) -> dict[str, Any]:
    return {"pool_weights": weights, **more}


@pytest.mark.parametrize(
    ("given", "share"),
    [
        pytest.param(steering({OLD: 1, NEW: 0}), 0, id="all for the source"),
        pytest.param(steering({OLD: 0, NEW: 0.01}), 100, id="all for the target"),
        pytest.param(steering({OLD: 0.71, NEW: 0.29}), 29, id="weights that add up to one"),
        pytest.param(steering({OLD: 0.6, NEW: 0.2}), 25, id="weights that do not"),
        pytest.param(steering({OLD: 0.2, NEW: 0.1}), 33.33, id="no whole number"),
        pytest.param(steering({NEW: 1}), 50, id="one has the default of Cloudflare"),
        pytest.param(steering({NEW: 0.3}, default_weight=0.2), 60, id="one has the default set"),
        pytest.param(steering({NEW: 0.3}, default_weight=0), 100, id="the default set is nothing"),
        pytest.param(steering({}, default_weight=0), 0, id="neither gets any"),
        pytest.param(None, 50, id="nothing is set"),
    ],
)
def test_share_is_that_of_the_two_pools(given: Any, share: float) -> None:
    assert read(random_steering=given).share(OLD, NEW) == share


@pytest.mark.parametrize(
    ("fields", "lifetime"),
    [
        pytest.param({"session_affinity": "none"}, 0, id="nothing holds a client"),
        pytest.param({"session_affinity": ""}, 0, id="affinity is not set"),
        pytest.param({"session_affinity": "cookie"}, 82800, id="cookies live for 23 hours"),
        pytest.param({"session_affinity": "ip_cookie"}, 82800, id="cookies by address too"),
        pytest.param({"session_affinity": "header"}, 1800, id="headers for half an hour"),
        pytest.param(
            {"session_affinity": "cookie", "session_affinity_ttl": 2100}, 2100, id="as it is set"
        ),
        pytest.param({"proxied": False}, 30, id="by DNS, the usual TTL"),
        pytest.param({"proxied": False, "ttl": 120}, 120, id="by DNS, the TTL that is set"),
        pytest.param(
            {"proxied": False, "session_affinity": "cookie", "ttl": 60},
            60,
            id="by DNS there are no cookies",
        ),
    ],
)
def test_lifetime_is_how_long_clients_are_held(fields: dict[str, Any], lifetime: int) -> None:
    assert read(**fields).lifetime == lifetime


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        pytest.param({"overrides": {"default_pools": [OLD]}}, ("track",), id="other pools"),
        pytest.param({"overrides": {"steering_policy": "off"}}, ("track",), id="other steering"),
        pytest.param({"overrides": {"default_pools": []}}, (), id="nothing in it"),
        pytest.param({"overrides": {"session_affinity": "none"}}, (), id="no other way"),
        pytest.param({"fixed_response": {"status_code": 418}}, (), id="answered by Cloudflare"),
        pytest.param(
            {"overrides": {"default_pools": [OLD]}, "disabled": True}, (), id="not in force"
        ),
    ],
)
def test_rules_that_send_requests_elsewhere_are_known(
    rule: dict[str, Any], names: tuple[str, ...]
) -> None:
    assert read(rules=[{"name": "track", **rule}]).rules == names


def test_pool_is_read() -> None:
    whole = Pool.from_object(fjord.pool(OLD, "old"))
    assert (whole.enabled, whole.monitored, whole.sheds) == (True, True, False)
    shedding = {"default_percent": 0, "session_percent": 20}
    odd = fjord.pool(OLD, "old", monitor="", monitor_group="m", load_shedding=shedding)
    odd["enabled"] = False
    read_back = Pool.from_object(odd)
    assert (read_back.enabled, read_back.monitored, read_back.sheds) == (False, True, True)


@pytest.mark.parametrize(
    ("words", "healthy"),
    [
        pytest.param([], None, id="nobody has looked"),
        pytest.param([True], True, id="one finds it well"),
        pytest.param([True, True, False], True, id="one of three finds it ill"),
        pytest.param([True, False], False, id="half of them find it ill"),
        pytest.param([False], False, id="all find it ill"),
    ],
)
def test_health_is_what_most_data_centres_say(words: list[bool], healthy: bool | None) -> None:
    regions = {str(number): {"healthy": word} for number, word in enumerate(words)}
    assert is_healthy(regions) is healthy
