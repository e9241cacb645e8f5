# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The director `dns` on real servers: Knot with a secondary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.integration.directors import dns_servers, slow_tail
from tests.integration.directors.asking_directors import Director
from tests.integration.directors.dns_servers import (
    BLUE,
    GREEN,
    KEY,
    LONG_TTL,
    POWERLESS,
    RECORD,
    SECRET,
    SERIAL,
    ZONE,
    Authority,
    Found,
)

WRITES = "directors | write_dns_record | Write it at the first server"
ALL_SHARES = {"switchover_shares": [0, 50, 100]}


@pytest.fixture(scope="session", autouse=True)
def _programs() -> None:
    dns_servers.install()


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    with dns_servers.authority(tmp_path) as servers:
        yield servers


@pytest.fixture
def director(authority: Authority, tmp_path: Path) -> Director:
    settings = {
        "servers": authority.servers,
        "zone": ZONE,
        "record": RECORD,
        "source_addresses": [BLUE],
        "target_addresses": [GREEN],
        "key_name": KEY,
        "key_secret": SECRET,
        "ttl": 2,
    }
    return Director(name="dns", settings=settings, scratch=tmp_path, variables={})


def but(director: Director, **settings: Any) -> Director:
    return replace(director, settings={**director.settings, **settings})


def everywhere(authority: Authority, *addresses: str, ttl: int) -> bool:
    wanted = Found(addresses=tuple(sorted(addresses)), ttl=ttl)
    return all(dns_servers.resolve(port) == wanted for port in authority.ports)


def test_switches_over_and_leaves_the_record_as_it_was(
    authority: Authority, director: Director
) -> None:
    assert director.answer("check", **ALL_SHARES) == {}
    noted = director.answer("prepare", dry=True)
    assert authority.serial() == SERIAL, "it has written without being told to"
    prepared = director.answer("prepare")
    assert prepared == noted == {"ttl_before": LONG_TTL, "wait": LONG_TTL}
    assert everywhere(authority, BLUE, ttl=2)
    assert director.answer("lifetime") == {"seconds": 2}
    assert director.set(50) == [WRITES]
    assert everywhere(authority, BLUE, GREEN, ttl=2)
    assert director.set(50) == []
    found = director.answer("read")
    assert (found["share"], found["holds"], found["reason"]) == (50, True, "")
    assert found["healthy"] == {"source": None, "target": None}
    director.set(100)
    assert everywhere(authority, GREEN, ttl=2)
    assert director.answer("prepare", switchover_prepared=prepared) == prepared
    assert director.answer("shut") == {"supported": False}
    director.play("restore", switchover_prepared=prepared)
    assert everywhere(authority, GREEN, ttl=LONG_TTL)
    assert director.play("restore", switchover_prepared=prepared).changed == []


def test_check_mode_writes_nothing_and_says_what_would_change(
    authority: Authority, director: Director
) -> None:
    assert director.answer("check", check=True, **ALL_SHARES) == {}
    assert director.answer("prepare", check=True)["wait"] == LONG_TTL
    assert director.set(50, check=True) == [WRITES]
    assert director.set(0, check=True) == []
    assert director.answer("read", check=True)["share"] == 0
    assert authority.serial() == SERIAL


def test_a_secondary_that_lags_behind_is_named(authority: Authority, director: Director) -> None:
    authority.stop_secondary()
    found = director.answer("read")
    assert not found["holds"]
    assert authority.servers[1] in found["reason"]
    assert director.refusal("check", **ALL_SHARES).startswith(authority.servers[1])


@pytest.mark.parametrize(
    ("settings", "shares", "sentence"),
    [
        ({"record": f"lost.{ZONE}."}, [0, 100], f"has no record lost.{ZONE}. of the type A"),
        ({"record": f"many.{ZONE}."}, [0, 100], "10.9.0.9, which belongs to neither cluster"),
        ({"zone": "elsewhere.", "record": "shop.elsewhere."}, [0, 100], "refuses to answer for"),
        ({}, [0, 25, 100], "25 per cent cannot be expressed"),
        ({"key_name": "nobody"}, [0, 100], "does not accept this key"),
        ({"key_name": POWERLESS}, [0, 100], "it does not accept this key"),
    ],
)
def test_refuses_in_one_sentence_and_writes_nothing(
    authority: Authority,
    director: Director,
    settings: dict[str, Any],
    shares: list[int],
    sentence: str,
) -> None:
    said = but(director, **settings).refusal("check", switchover_shares=shares)
    assert sentence in said
    assert SECRET not in said
    assert authority.serial() == SERIAL


def test_says_how_to_get_the_collection_that_writes(
    director: Director, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hiding = tmp_path / "hiding"
    hiding.mkdir()
    (hiding / "sitecustomize.py").write_text(
        "import sys\nsys.modules['ansible_collections.community'] = None\n", encoding="utf-8"
    )
    monkeypatch.setenv("PYTHONPATH", str(hiding))
    said = director.refusal("check", **ALL_SHARES)
    assert "ansible-galaxy collection install community.general" in said


def test_last_client_has_moved_after_the_time_to_live(
    authority: Authority, director: Director, tmp_path: Path
) -> None:
    """With a resolver that keeps answers for longer, it is the source's gateways that know."""
    ttl, least = 5, 20
    but(director, ttl=ttl).play("prepare")
    figures = slow_tail.measure(
        tmp_path,
        authority,
        ttl=ttl,
        least=least,
        switch=partial(director.play, "set", switchover_share=100),
    )
    # A resolver counts whole seconds, and this machine may be busy.
    assert figures.obedient.last < ttl + 3
    assert ttl + 3 < figures.stubborn.last < least + 3
