# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The director `dns` on real servers: Knot with a secondary, and what resolvers then tell clients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.integration.directors import dns_servers
from tests.integration.directors.asking_directors import Director
from tests.integration.directors.dns_servers import (
    BLUE,
    GREEN,
    KEY,
    LONG_TTL,
    NEGATIVE,
    POWERLESS,
    RECORD,
    SECRET,
    SERIAL,
    ZONE,
    Authority,
    Found,
)

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
    ports = (authority.primary, authority.secondary)
    wanted = Found(addresses=tuple(sorted(addresses)), ttl=ttl)
    return all(dns_servers.resolve(port) == wanted for port in ports)


def test_switches_over_and_leaves_the_record_as_it_was(
    authority: Authority, director: Director
) -> None:
    assert director.answer("check", **ALL_SHARES) == {}
    assert authority.serial() == SERIAL, "it has written to try the key"
    prepared = director.answer("prepare")
    assert prepared == {"ttl_before": LONG_TTL, "wait": LONG_TTL}
    assert everywhere(authority, BLUE, ttl=2)
    assert director.answer("lifetime") == {"seconds": 2}
    assert director.set(50) == ["write_dns_record | Write it at the first server"]
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
    assert director.set(50, check=True) == ["write_dns_record | Write it at the first server"]
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
        ({"record": f"alias.{ZONE}."}, [0, 100], f"has an alias of shop.{ZONE}."),
        ({"record": f"many.{ZONE}."}, [0, 100], "10.9.0.9, which belongs to neither cluster"),
        ({"record": "shop.elsewhere."}, [0, 100], "which is not in the zone"),
        ({"zone": "elsewhere.", "record": "shop.elsewhere."}, [0, 100], "refuses to answer for"),
        ({"type": "AAAA"}, [0, 100], "right is an address of IPv6"),
        ({"target_addresses": [BLUE]}, [0, 100], "which source_addresses has too"),
        ({"target_addresses": ["green"]}, [0, 100], "right is an address of IPv4"),
        ({}, [0, 25, 100], "25 per cent cannot be expressed"),
        ({"key_name": "nobody"}, [0, 100], "does not know the key"),
        ({"key_secret": "d3Jvbmc="}, [0, 100], "has another secret or algorithm"),
        ({"key_secret": "not base64"}, [0, 100], "is not in base64"),
        ({"key_name": POWERLESS}, [0, 100], "it refuses with"),
        ({"key_name": "", "key_secret": ""}, [0, 100], "with no key: it refuses with"),
        ({"servers": ["ns1"]}, [0, 100], "right is an address, or address:port"),
        ({"servers": []}, [0, 100], "servers: got none"),
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
    """Only the role's own collection is found in an ansible without any other."""
    monkeypatch.setenv("PYTHONPATH", str(hide_general(tmp_path)))
    said = director.refusal("check", **ALL_SHARES)
    assert "ansible-galaxy collection install community.general" in said


def hide_general(folder: Path) -> Path:
    """A folder for the Python path with which community.general is not there."""
    hiding = folder / "hiding"
    hiding.mkdir()
    (hiding / "sitecustomize.py").write_text(
        "import sys\nsys.modules['ansible_collections.community'] = None\n", encoding="utf-8"
    )
    return hiding


def test_facts_of_a_record_are_as_the_servers_have_them(
    authority: Authority, director: Director, tmp_path: Path
) -> None:
    played = director.play("read")
    [read] = played.of("dns_record_info")
    assert [each["serial"] for each in read.result["servers"]] == [SERIAL, SERIAL]
    assert read.result["negative"] == NEGATIVE
