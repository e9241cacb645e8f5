# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The director `route53` on moto's server; the oracle is boto3, another writer amazon.aws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.integration.directors import aws_servers
from tests.integration.directors.asking_directors import Director
from tests.integration.directors.aws_servers import ANYBODY, LONG_TTL, RECORD, ZONE, Aws
from tests.integration.support.playing import Ansible

ALL_SHARES = {"switchover_shares": [0, 1, 5, 25, 50, 100]}


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    use(monkeypatch, ANYBODY)
    with aws_servers.running(tmp_path / "moto.log") as server:
        yield server


@pytest.fixture
def director(aws: Aws, tmp_path: Path) -> Director:
    settings = {
        "zone": ZONE,
        "record": RECORD,
        "source_identifier": "old",
        "target_identifier": "new",
        "endpoint_url": aws.url,
    }
    return Director(name="route53", settings=settings, scratch=tmp_path, variables={})


def use(monkeypatch: pytest.MonkeyPatch, credentials: dict[str, str]) -> None:
    for name, value in credentials.items():
        monkeypatch.setenv(name, value)


def but(director: Director, **settings: Any) -> Director:
    return replace(director, settings={**director.settings, **settings})


def test_switches_over_and_leaves_the_rest_as_it_was(aws: Aws, director: Director) -> None:
    check = aws.make_health_check()
    aws.put("new", 0, HealthCheckId=check)
    before = aws.records()
    assert director.answer("check", **ALL_SHARES) == {}
    noted = director.answer("prepare", dry=True)
    assert aws.records() == before
    prepared = director.answer("prepare")
    assert prepared == noted == {"ttl_before": LONG_TTL, "wait": LONG_TTL}
    assert director.answer("lifetime") == {"seconds": 5}
    assert director.set(25) == ["directors | route53 | Set the weights"]
    assert aws.weights() == {"old": 75, "new": 25}
    assert director.set(25) == []
    found = director.answer("read")
    assert (found["share"], found["holds"], found["reason"]) == (25, True, "")
    assert found["healthy"]["source"] is None
    assert isinstance(found["healthy"]["target"], bool)
    director.set(100)
    assert director.answer("prepare", switchover_prepared=prepared) == prepared
    assert director.answer("shut") == {"supported": False}
    director.play("restore", switchover_prepared=prepared)
    after = aws.records()
    assert {name: {**each, "Weight": 0} for name, each in after.items()} == {
        name: {**each, "Weight": 0} for name, each in before.items()
    }
    assert aws.weights() == {"old": 0, "new": 100}


def test_check_mode_writes_nothing_and_says_what_would_change(aws: Aws, director: Director) -> None:
    before = aws.records()
    assert director.answer("check", check=True, **ALL_SHARES) == {}
    assert director.answer("prepare", check=True)["wait"] == LONG_TTL
    assert director.set(50, check=True) == ["directors | route53 | Set the weights"]
    assert director.answer("read", check=True)["share"] == 0
    assert aws.records() == before


def test_sees_what_another_writer_has_set(aws: Aws, director: Director, tmp_path: Path) -> None:
    """amazon.aws.route53 changes one record, so that the weights are of another sum."""
    task = {
        "amazon.aws.route53": {
            "state": "present",
            "overwrite": True,
            "zone": ZONE,
            "record": RECORD,
            "type": "A",
            "identifier": "new",
            "weight": 25,
            "ttl": LONG_TTL,
            "value": "192.0.2.20",
            "aws_region": "us-east-1",
            "endpoint_url": aws.url,
        }
    }
    Ansible(kubeconfig=tmp_path / "none", scratch=tmp_path).tasks(task)
    assert aws.weights() == {"old": 100, "new": 25}
    assert director.answer("read")["share"] == 20


@pytest.mark.parametrize(
    ("settings", "shares", "sentence"),
    [
        ({"record": f"lost.{ZONE}"}, [0, 100], f"has no weighted record lost.{ZONE} A"),
        ({"target_identifier": "newer"}, [0, 100], "with the identifier 'newer'"),
        ({"zone": "elsewhere.example."}, [0, 100], "has no hosted zone elsewhere.example."),
        ({"scale": 10}, [0, 1, 100], "1 per cent of the scale 10 is no whole weight"),
        ({"scale": 300}, [0, 100], "scale: got 300; right is 1 to 255"),
    ],
)
def test_refuses_in_one_sentence_and_writes_nothing(
    aws: Aws, director: Director, settings: dict[str, Any], shares: list[int], sentence: str
) -> None:
    before = aws.records()
    assert sentence in but(director, **settings).refusal("check", switchover_shares=shares)
    assert aws.records() == before


def test_refuses_credentials_without_rights(
    aws: Aws, director: Director, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = aws.onlooker(free=2)
    use(monkeypatch, credentials)
    for operation in ("ChangeResourceRecordSets", "ListHostedZonesByName"):
        said = director.refusal("check", **ALL_SHARES)
        assert f"does not let these credentials do {operation}" in said
        assert credentials["AWS_SECRET_ACCESS_KEY"] not in said
