# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _cloudflare_api, _web
from ansible_collections.meshwright.istio.plugins.module_utils._cloudflare_api import Clock
from ansible_collections.meshwright.istio.plugins.modules import (
    cloudflare_load_balancer_weights as module,
)
from ansible_collections.meshwright.istio.tests.cloudflare_api import fjord
from ansible_collections.meshwright.istio.tests.cloudflare_api.fjord import NEW, OLD, TOKEN
from ansible_collections.meshwright.istio.tests.cloudflare_api.server import (
    CloudflareApi,
    Drop,
    Right,
    Trouble,
    serving,
)
from ansible_collections.meshwright.istio.tests.cloudflare_api.zone import Zone
from ansible_collections.meshwright.istio.tests.unit.support import raw_server
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

HTML = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n<html>Log in!</html>"
AWAY = Trouble("PATCH", status=502)


@pytest.fixture
def api() -> Iterator[CloudflareApi]:
    with serving(fjord.make()) as served:
        yield served


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For how long the module has slept; no time passes otherwise."""
    pauses: list[float] = []
    clock = Clock(monotonic=lambda: sum(pauses), sleep=pauses.append)
    monkeypatch.setattr(_cloudflare_api, "Clock", lambda: clock)
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN", raising=False)
    return pauses


def run(api: CloudflareApi, *, check: bool = False, **options: Any) -> dict[str, Any]:
    given = {
        "zone_id": fjord.ZONE,
        "load_balancer": fjord.NAME,
        "source_pool": "old",
        "target_pool": "new",
        "api_url": api.url,
        "token": TOKEN,
        **options,
    }
    known = {name: value for name, value in given.items() if value is not None}
    result = run_module(module, None, known, check=check)
    assert TOKEN not in json.dumps(result)
    return result


def weights(api: CloudflareApi) -> dict[str, float]:
    found = api.zone.balancer(fjord.NAME)
    assert found
    return dict(found["random_steering"]["pool_weights"])


def test_share_is_set_once(api: CloudflareApi) -> None:
    first = run(api, share=30)
    assert (first["rc"], first["changed"], first["share"]) == (0, True, 30)
    assert weights(api) == {OLD: 0.7, NEW: 0.3}
    assert first["diff"][0]["after"]["weights"] == {"old": 0.7, "new": 0.3}
    second = run(api, share=30)
    assert (second["changed"], second["diff"], len(api.writes)) == (False, [], 1)


def test_check_mode_says_the_same_and_writes_nothing(api: CloudflareApi) -> None:
    predicted = run(api, share=30, check=True)
    assert [each.method for each in api.asked if each.method != "GET"] == []
    done = run(api, share=30)
    assert len(api.writes) == 1
    del predicted["modified_on"], done["modified_on"]
    assert predicted == done


def test_reading_tells_what_is_in_force(api: CloudflareApi) -> None:
    api.zone.health[NEW] = {"Oslo, NO": {"healthy": False}}
    result = run(api)
    assert result == {
        "rc": 0,
        "changed": False,
        "diff": [],
        "share": 0,
        "holds": True,
        "reason": "",
        "healthy": {"source": True, "target": False},
        "lifetime": 0,
        "session_affinity": "none",
        "modified_on": "2026-02-02T00:00:00.000000Z",
        "object": "load balancer harbour.fjord.test of Cloudflare",
        "weights": {"old": 1.0, "new": 0.0},
        "steering_policy": "random",
        "fallback_pool": "old",
        "drain_duration": None,
    }
    assert api.writes == []


def test_weights_that_say_nothing_do_not_hold() -> None:
    with serving(fjord.make(steering_policy="geo")) as api:
        result = run(api, set_steering=True)
        refused = run(api, share=5)
    assert (result["rc"], result["holds"]) == (0, False)
    assert result["reason"].startswith("its steering policy is 'geo'")
    assert (refused["rc"], api.writes) == (1, [])
    none = {"default_weight": 0, "pool_weights": {}}
    with serving(fjord.make(random_steering=none)) as api:
        assert run(api)["reason"] == "both pools have the weight 0. Set a share."
        assert run(api, share=0)["holds"] is True


def test_cookies_are_told(api: CloudflareApi) -> None:
    found = api.zone.balancer(fjord.NAME)
    assert found
    found["session_affinity"] = "cookie"
    result = run(api, share=5, drain_seconds=120)
    assert (result["session_affinity"], result["lifetime"]) == ("cookie", 82800)
    assert result["drain_duration"] == 120
    assert found["session_affinity_attributes"] == {"samesite": "Lax", "drain_duration": 120}
    assert run(api, share=5, drain_seconds=120)["changed"] is False


@pytest.mark.parametrize(
    ("health", "monitor", "healthy"),
    [
        pytest.param(None, "9", None, id="nothing is known yet"),
        pytest.param({}, "9", None, id="nobody has looked"),
        pytest.param(fjord.HEALTHY, None, None, id="the monitor was taken away"),
    ],
)
def test_health_that_is_not_known_is_null(
    api: CloudflareApi, health: Any, monitor: str | None, healthy: bool | None
) -> None:
    pool = api.zone.pool(NEW)
    assert pool
    pool["monitor"] = monitor
    del api.zone.health[NEW]
    if health is not None:
        api.zone.health[NEW] = health
    assert run(api)["healthy"] == {"source": True, "target": healthy}


def test_names_and_ids_are_the_same(api: CloudflareApi) -> None:
    by_name = run(api, load_balancer="Harbour.Fjord.test.")
    by_id = run(api, load_balancer=fjord.BALANCER, source_pool=OLD, target_pool=NEW)
    assert (by_name["rc"], by_name) == (0, by_id)


def test_all_pages_are_read(api: CloudflareApi) -> None:
    api.largest_page = 2
    assert run(api)["rc"] == 0
    pages = [each.query["page"] for each in api.asked if each.path.endswith("/pools")]
    assert pages == ["1", "2"]


def test_account_is_that_of_the_zone_unless_given(api: CloudflareApi) -> None:
    api.tokens[TOKEN] = set(Right) - {Right.ZONE_READ}
    refused = run(api)
    assert "Give account_id, or the token the right Zone Read" in refused["msg"]
    assert run(api, account_id=fjord.ACCOUNT)["rc"] == 0


def test_shares_to_come_are_checked_with_the_rights(api: CloudflareApi) -> None:
    before = json.dumps(api.zone.balancers)
    result = run(api, shares=[0, 50, 100], check=True)
    assert (result["rc"], result["changed"]) == (0, False)
    assert run(api, shares=[0, 50, 101])["msg"].startswith("shares: got 101")
    refused = run(api, shares=[0, 50, 100], token=fjord.READER)
    assert "Cloudflare refuses the token for PATCH" in refused["msg"]
    assert (json.dumps(api.zone.balancers), api.writes) == (before, [])


def test_token_is_taken_from_the_environment(
    api: CloudflareApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = run(api, token=None)
    assert missing["msg"].startswith("token: there is none")
    assert api.asked == []
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
    assert run(api, token=None)["rc"] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"zone_id": "fjord.test"}, "zone_id: got 'fjord.test'; right are 32"),
        ({"zone_id": ""}, "zone_id: got ''"),
        ({"account_id": "me"}, "account_id: got 'me'"),
        ({"token": "a\nb"}, "token: 'Authorization' or its value has characters"),
        ({"api_url": "http://api.fjord.test"}, "right is https, for the token"),
        ({"api_url": "ftp://x"}, "api_url: got 'ftp://x'"),
        ({"retry_timeout": -1}, "retry_timeout: got -1"),
        ({"share": 120}, "share: got 120"),
        ({"share": 12, "shares": [12]}, "mutually exclusive"),
        ({"load_balancer": "none.fjord.test"}, "right is harbour.fjord.test, other.fjord.test."),
        ({"source_pool": "ol"}, "source_pool: got 'ol', which the account does not have"),
        ({"target_pool": "nw"}, "right is new, old, sorry."),
        ({"target_pool": OLD}, "target_pool: it is the pool old, as source_pool is"),
        ({"zone_id": "f" * 32}, "Cloudflare refuses the token for GET /zones/ffff"),
        ({"account_id": "f" * 32}, "Unauthorized to access requested resource (9109)"),
        ({"token": "unknown"}, "Invalid access token (9109). Give it the rights"),
        ({"token": "two words"}, "Invalid request headers (6003). Give it the rights"),
        ({"token": fjord.READER, "share": 4}, "the token for PATCH /zones/c0ffee"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(
    api: CloudflareApi, options: dict[str, Any], said: str
) -> None:
    given = {"share": 4} if "shares" not in options and "share" not in options else {}
    result = run(api, **given, **options)
    assert result["rc"] == 1
    assert said in result["msg"]
    assert "\n" not in result["msg"]
    assert api.writes == []


def test_too_many_requests_are_waited_for(api: CloudflareApi, slept: list[float]) -> None:
    api.troubles += [
        Trouble("PATCH", status=429, headers={"Retry-After": "41"}),
        Trouble("PATCH", status=429),
    ]
    limit = run(api, share=9, retry_timeout=345)
    assert (limit["rc"], slept, len(api.writes)) == (0, [41.0, 300.0], 1)


def test_too_many_requests_are_not_waited_for_beyond_the_deadline(api: CloudflareApi) -> None:
    api.troubles.append(Trouble("GET", status=429, headers={"Retry-After": "41"}))
    result = run(api, share=9, retry_timeout=40)
    assert "within 40 s: it allows no more requests now (429)." in result["msg"]
    assert api.writes == []


def test_quota_that_is_used_up_is_not_exceeded(api: CloudflareApi, slept: list[float]) -> None:
    api.headers["Ratelimit"] = '"burst";r=0;t=7, "default";r=50;t=30'
    assert run(api)["rc"] == 0
    assert slept == [7.0] * (len(api.asked) - 1)


@pytest.mark.parametrize(
    ("trouble", "sent"),
    [
        pytest.param(Trouble("PATCH", status=500), 2, id="an error of the server"),
        pytest.param(Trouble("PATCH", drop=Drop.BEFORE), 2, id="broken off before"),
        pytest.param(Trouble("PATCH", drop=Drop.AFTER), 1, id="broken off after"),
    ],
)
def test_change_whose_answer_is_lost_is_read_back(
    api: CloudflareApi, trouble: Trouble, sent: int, slept: list[float]
) -> None:
    api.troubles.append(trouble)
    result = run(api, share=9)
    assert (result["rc"], result["changed"], result["share"]) == (0, True, 9)
    assert (weights(api), len(api.writes)) == ({OLD: 0.91, NEW: 0.09}, 1)
    patches = [each for each in api.asked if each.method == "PATCH"]
    assert (len(patches), len(slept)) == (sent, sent - 1)


def test_another_writer_is_not_overwritten_by_a_repetition(api: CloudflareApi) -> None:
    def interfere(zone: Zone) -> None:
        found = zone.balancer(fjord.NAME)
        assert found
        zone.patch(found, {"random_steering": {"pool_weights": {OLD: 0.5, NEW: 0.5}}})

    api.troubles.append(Trouble("PATCH", drop=Drop.BEFORE, then=interfere))
    result = run(api, share=9)
    assert "was changed by somebody else at 2026-02-03T00:00:01.000000Z" in result["msg"]
    assert weights(api) == {OLD: 0.5, NEW: 0.5}


def test_answer_that_does_not_fit_is_told(
    api: CloudflareApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as the one of an API that rounds, or lets another writer have the last word."""

    def forget(_zone: Zone, _balancer: object, _body: object) -> None:
        return

    monkeypatch.setattr(Zone, "patch", forget)
    assert "is not as it was written" in run(api, share=9)["msg"]


def test_trouble_that_stays_ends_in_a_sentence(api: CloudflareApi, slept: list[float]) -> None:
    api.troubles += [AWAY] * 99
    result = run(api, share=9, retry_timeout=60)
    assert result["msg"] == (
        f"Cloudflare does not carry out PATCH /zones/{fjord.ZONE}/load_balancers/{fjord.BALANCER}"
        " within 60 s: it answered 502. Look at the network and at www.cloudflarestatus.com, and"
        " run it again."
    )
    assert slept == [1, 2, 4, *[8] * 6]


def test_no_connection_is_a_sentence() -> None:
    result = run(CloudflareApi(Zone("", ""), {}, url="http://127.0.0.1:1"), retry_timeout=0)
    assert "within 0 s: Connection refused. Look at the network" in result["msg"]


def test_token_is_hidden_even_where_the_api_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = [{"code": 1002, "message": f"what is {TOKEN}?"}]
    body = json.dumps({"success": False, "errors": errors}).encode()
    head = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
    with raw_server.speaking(head + body) as url:
        for token in (TOKEN, None):
            # That it is nowhere is checked after each run.
            result = run(CloudflareApi(Zone("", ""), {}, url=url), token=token)
            assert "with 400: what is ****" in result["msg"]


def test_what_is_not_the_api_is_told() -> None:
    with raw_server.speaking(HTML) as url:
        result = run(CloudflareApi(Zone("", ""), {}, url=url))
    assert "is not Cloudflare's API: '<html>Log in!</html>'. Look at api_url" in result["msg"]


def test_certificate_has_to_be_trusted(tmp_path: Path) -> None:
    made = raw_server.make_certificate(tmp_path)
    with raw_server.speaking(HTML, tls=made) as url:
        untrusted = run(CloudflareApi(Zone("", ""), {}, url=url), retry_timeout=0)
        trusted = run(CloudflareApi(Zone("", ""), {}, url=url), ca_cert=str(made.cert))
    assert "certificate verify failed" in untrusted["msg"]
    assert "is not Cloudflare's API" in trusted["msg"]


def test_large_answer_is_not_taken_for_whole(
    api: CloudflareApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_web, "_LARGEST", 100)
    assert "within 0 s: its answer is larger than a mebibyte" in run(api, retry_timeout=0)["msg"]


def test_urllib3_is_asked_for(api: CloudflareApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cloudflare_api, "URLLIB3_ERROR", ImportError("urllib3"))
    assert run(api)["msg"].startswith("Python lacks the package urllib3")
