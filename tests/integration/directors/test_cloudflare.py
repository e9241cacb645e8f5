# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The director cloudflare, run by ansible-playbook, against the API of the tests on loopback."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cloudflare_api import fjord
from tests.cloudflare_api.fjord import NEW, OLD, TOKEN
from tests.cloudflare_api.server import CloudflareApi, Drop, Right, Trouble, serving
from tests.cloudflare_api.zone import Zone
from tests.integration.support.playing import CHECKOUT, Ansible, Played

FILE = CHECKOUT / "roles/switchover/tasks/directors/cloudflare.yml"
SHARES = [0, 1, 5, 25, 50, 100]


@dataclass(frozen=True, kw_only=True)
class Director:
    """Runs operations of the task file as the role does."""

    ansible: Ansible
    api: CloudflareApi

    def ask(
        self,
        operation: str,
        *,
        check: bool = False,
        fails: bool = False,
        settings: dict[str, Any] | None = None,
        **given: Any,
    ) -> tuple[Played, dict[str, Any]]:
        """What came of it, and the answer; the token is seen nowhere."""
        described = {
            "zone_id": fjord.ZONE,
            "load_balancer": fjord.NAME,
            "source_pool": "old",
            "target_pool": "new",
            "token": TOKEN,
            "api_url": self.api.url,
            **(settings or {}),
        }
        variables = {"switchover_operation": operation, "switchover_cloudflare": described, **given}
        tasks: Sequence[dict[str, Any]] = (
            {"ansible.builtin.set_fact": {"switchover_answer": {}}},
            {"ansible.builtin.include_tasks": str(FILE), "vars": variables},
            {"ansible.builtin.debug": {"var": "switchover_answer"}, "name": "the answer"},
        )
        played = self.ansible.tasks(*tasks, check=check, fails=fails)
        assert TOKEN not in played.output
        assert TOKEN not in str(played.outcomes)
        answers = [
            each.result["switchover_answer"]
            for each in played.outcomes
            if each.name == "the answer"
        ]
        return played, answers[-1] if answers else {}

    @property
    def weights(self) -> dict[str, float]:
        found = self.api.zone.balancer(fjord.NAME)
        assert found
        return dict(found["random_steering"]["pool_weights"])


@pytest.fixture
def director(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Director]:
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN", raising=False)
    with serving(fjord.make(session_affinity="cookie")) as api:
        ansible = Loud(kubeconfig=tmp_path / "none", scratch=tmp_path)
        yield Director(ansible=ansible, api=api)


class Loud(Ansible):
    """As verbose as people are when they look for a mistake."""

    def environment(self, outcomes: Path) -> dict[str, str]:
        return {**super().environment(outcomes), "ANSIBLE_VERBOSITY": "3"}


def test_all_operations_in_their_order(director: Director) -> None:
    checked, answer = director.ask("check", switchover_shares=SHARES)
    assert (checked.changed, answer, director.api.writes) == ([], {}, [])
    _played, answer = director.ask("read")
    assert answer == {
        "share": 0,
        "holds": True,
        "reason": "",
        "healthy": {"source": True, "target": True},
        "writer": "somebody at 2026-02-02T00:00:00.000000Z",
        "object": "load balancer harbour.fjord.test of Cloudflare",
    }
    assert director.ask("prepare")[1] == {}
    assert director.ask("lifetime")[1] == {"seconds": 82800}
    foreseen, _answer = director.ask("set", switchover_share=25, check=True)
    assert (len(foreseen.changed), director.api.writes) == (1, [])
    for share in SHARES[1:]:
        played, _answer = director.ask("set", switchover_share=share)
        assert played.changed == ["directors | cloudflare | Set the weights"]
        assert director.ask("read")[1]["share"] == share
    assert director.weights == {OLD: 0, NEW: 1}
    assert director.ask("set", switchover_share=100)[0].changed == []
    assert director.ask("shut")[1] == {"supported": False}
    assert director.ask("restore")[1] == {}
    assert len(director.api.writes) == len(SHARES) - 1


def test_reading_goes_on_in_check_mode(director: Director) -> None:
    assert director.ask("read", check=True)[1]["share"] == 0
    assert director.ask("lifetime", check=True)[1] == {"seconds": 82800}
    director.ask("check", check=True, switchover_shares=SHARES)
    assert director.api.writes == []


def test_drain_is_set_with_the_share(director: Director) -> None:
    director.ask("set", switchover_share=5, settings={"drain_seconds": 240})
    [patched] = director.api.writes
    assert patched.json["session_affinity_attributes"] == {"samesite": "Lax", "drain_duration": 240}


def test_what_is_allowed_by_name_is_not_refused(director: Director) -> None:
    found = director.api.zone.balancer(fjord.NAME)
    assert found
    found["steering_policy"] = "off"
    found["rules"] = [{"name": "track", "overrides": {"default_pools": [OLD]}}]
    allowed = {"set_steering": True, "allow_rules": True, "fallback_pool": "keep"}
    director.ask("check", switchover_shares=SHARES, fails=True)
    director.ask("check", switchover_shares=SHARES, settings=allowed)
    director.ask("set", switchover_share=100, settings=allowed)
    assert (found["steering_policy"], found["fallback_pool"]) == ("random", OLD)
    assert director.ask("read", settings=allowed)[1]["holds"] is True


def test_token_of_the_environment_will_do(
    director: Director, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
    assert director.ask("read", settings={"token": ""})[1]["share"] == 0


def test_trouble_on_the_way_ends_well(director: Director) -> None:
    director.api.largest_page = 2
    director.api.troubles += [
        Trouble("GET", status=500),
        Trouble("GET", drop=Drop.BEFORE),
        Trouble("PATCH", status=429, headers={"Retry-After": "1"}),
        Trouble("PATCH", status=503),
        Trouble("PATCH", drop=Drop.AFTER),
    ]
    director.ask("set", switchover_share=25)
    assert director.api.troubles == []
    assert (director.weights, len(director.api.writes)) == ({OLD: 0.75, NEW: 0.25}, 1)
    pages = {each.query["page"] for each in director.api.asked if each.path.endswith("/pools")}
    assert pages == {"1", "2"}


def test_another_writer_between_is_seen(director: Director) -> None:
    director.ask("set", switchover_share=25)
    found = director.api.zone.balancer(fjord.NAME)
    assert found
    director.api.zone.patch(found, {"random_steering": {"pool_weights": {OLD: 0.4, NEW: 0.6}}})
    answer = director.ask("read")[1]
    assert (answer["share"], answer["writer"]) == (60, "somebody at 2026-02-03T00:00:02.000000Z")
    director.api.zone.patch(found, {"steering_policy": "off"})
    answer = director.ask("read")[1]
    assert (answer["holds"], answer["reason"][:30]) == (False, "its steering policy is 'off', ")


def test_another_writer_in_the_middle_of_a_change_is_named(director: Director) -> None:
    def interfere(zone: Zone) -> None:
        found = zone.balancer(fjord.NAME)
        assert found
        zone.patch(found, {"random_steering": {"pool_weights": {OLD: 0.4, NEW: 0.6}}})

    director.api.troubles.append(Trouble("PATCH", drop=Drop.BEFORE, then=interfere))
    played, _answer = director.ask("set", switchover_share=25, fails=True)
    assert "was changed by somebody else" in played.failure
    assert director.weights == {OLD: 0.4, NEW: 0.6}


@pytest.mark.parametrize(
    ("settings", "rights", "said"),
    [
        ({"token": ""}, set(Right), "token: there is none"),
        ({}, {Right.ZONE_READ, Right.POOLS_READ}, "refuses the token for GET /zones"),
        ({}, set(Right) - {Right.POOLS_READ}, "refuses the token for GET /accounts"),
        ({}, set(Right) - {Right.BALANCERS_WRITE}, "refuses the token for PATCH /zones"),
        ({}, set(Right) - {Right.ZONE_READ}, "Give account_id"),
        ({"zone_id": "fjord.test"}, set(Right), "zone_id: got 'fjord.test'"),
        ({"load_balancer": "none"}, set(Right), "load_balancer: got 'none'"),
        ({"target_pool": "none"}, set(Right), "target_pool: got 'none'"),
    ],
)
def test_bad_settings_are_found_by_the_check(
    director: Director, settings: dict[str, Any], rights: set[Right], said: str
) -> None:
    director.api.tokens[TOKEN] = rights
    played, _answer = director.ask("check", switchover_shares=SHARES, settings=settings, fails=True)
    assert said in played.failure
    assert "\n" not in played.failure
    assert director.api.writes == []


def test_share_that_cannot_be_is_found_by_the_check(director: Director) -> None:
    played, _answer = director.ask("check", switchover_shares=[0, 120, 100], fails=True)
    assert played.failure.startswith("shares: got 120; right is a whole number from 0 to 100")
