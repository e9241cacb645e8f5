# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _route53
from ansible_collections.meshwright.istio.plugins.module_utils._errors import NotReadyError
from ansible_collections.meshwright.istio.plugins.module_utils._route53 import Clock, Zone
from ansible_collections.meshwright.istio.plugins.modules import route53_weights
from ansible_collections.meshwright.istio.tests.unit.support.route53 import (
    RECORD,
    ZONE,
    ZONE_ID,
    Route53,
    error,
    record,
)
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module
from botocore.exceptions import EndpointConnectionError, NoCredentialsError


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Route53:
    route53 = Route53()
    monkeypatch.setattr(_route53, "connect", lambda _url, _region: route53)
    return route53


def run(*, check: bool = False, **options: Any) -> dict[str, Any]:
    given = {"zone": ZONE, "record": RECORD, "source_identifier": "east"}
    arguments = {**given, "target_identifier": "west", **options}
    return run_module(route53_weights, None, arguments, check=check)


def test_reads_without_writing(aws: Route53) -> None:
    aws.records = [record("east", 30), record("west", 10)]
    result = run()
    assert (result["rc"], result["changed"], result["diff"]) == (0, False, [])
    assert result["share"] == 25
    assert result["weights"] == {"source": 30, "target": 10}
    assert (result["holds"], result["reason"], result["ttl"]) == (True, "", 300)
    assert result["healthy"] == {"source": None, "target": None}
    assert aws.batches == []


def test_sets_both_weights_in_one_batch_and_then_nothing_more(aws: Route53) -> None:
    first = run(share=25)
    assert (first["changed"], first["share"]) == (True, 25)
    assert aws.weights() == {"east": 75, "west": 25, "spare": 0}
    assert [len(batch) for batch in aws.batches] == [2]
    assert first["diff"][0]["before"]["west"] == {"weight": 0, "ttl": 300}
    assert first["diff"][0]["after"]["west"] == {"weight": 25, "ttl": 300}
    second = run(share=25)
    assert (second["changed"], second["diff"], len(aws.batches)) == (False, [], 1)


def test_check_mode_says_the_same_and_writes_nothing(aws: Route53) -> None:
    before = copy.deepcopy(aws.records)
    predicted = run(share=50, ttl=5, check=True)
    assert (aws.records, aws.batches) == (before, [])
    assert run(share=50, ttl=5) == predicted


def test_rest_of_a_record_stays(aws: Route53) -> None:
    aws.records = [
        record("east", 100, HealthCheckId="h1", ResourceRecords=[{"Value": "192.0.2.8"}]),
        record("west", 0, AliasTarget={"HostedZoneId": "Z1", "DNSName": "lb.example."}),
    ]
    aws.health = {"h1": ["Success: OK"]}
    wanted = copy.deepcopy(aws.records)
    wanted[0].update(Weight=0, TTL=5)
    wanted[1].update(Weight=100)
    result = run(share=100, ttl=5)
    assert aws.records == wanted
    assert result["ttl"] == 60, "an alias has the TTL of what it stands for"


def test_ttl_of_all_records_changes_at_once(aws: Route53) -> None:
    result = run(ttl=5)
    assert {each["TTL"] for each in aws.records} == {5}
    assert (result["changed"], result["ttl"], result["share"]) == (True, 5, 0)
    assert run(ttl=5)["changed"] is False


def test_weights_are_of_the_scale(aws: Route53) -> None:
    run(share=5, scale=200)
    assert aws.weights()["west"] == 10
    assert aws.weights()["east"] == 190


@pytest.mark.parametrize("share", [0, 100])
def test_never_sets_both_to_nothing(aws: Route53, share: int) -> None:
    aws.records = [record("east", 0), record("west", 0)]
    before = run()
    assert (before["share"], before["holds"]) == (50, False)
    assert before["reason"] == "both weights are 0, which Route 53 takes for equal ones"
    run(share=share)
    assert aws.weights() == {"east": 100 - share, "west": share}


@pytest.mark.parametrize(
    ("said", "healthy"),
    [
        (["Success: 200"] * 16, True),
        (["Success: 200"] * 3 + ["Failure: timed out"] * 13, True),
        (["Success: 200"] * 2 + ["Failure: timed out"] * 14, False),
        ([], None),
    ],
)
def test_tells_what_health_checks_say(aws: Route53, said: list[str], healthy: bool | None) -> None:
    aws.records[1]["HealthCheckId"] = "h2"
    aws.health = {"h2": said}
    assert run()["healthy"] == {"source": None, "target": healthy}


def test_health_check_without_checkers_says_nothing(aws: Route53) -> None:
    aws.records[0]["HealthCheckId"] = "h1"
    aws.errors["GetHealthCheckStatus"] = error("InvalidInput")
    assert run()["healthy"]["source"] is None
    aws.errors["GetHealthCheckStatus"] = error("AccessDenied", status=403)
    assert "do GetHealthCheckStatus (AccessDenied)" in run()["msg"]


@pytest.mark.parametrize("zone", [ZONE, "harbour.example", "Harbour.Example", ZONE_ID])
def test_finds_a_zone_by_name_and_id(aws: Route53, zone: str) -> None:
    aws.zones.append({"Id": "/hostedzone/Z9", "Name": "other.example."})
    assert run(zone=zone, record=RECORD.upper())["rc"] == 0


def test_finds_a_wildcard(aws: Route53) -> None:
    for each in aws.records:
        each["Name"] = f"\\052.{ZONE}"
    assert run(record=f"*.{ZONE}")["rc"] == 0


def test_tries_the_rights_without_a_change(aws: Route53) -> None:
    before = copy.deepcopy(aws.records)
    assert run(check_rights=True)["rc"] == 0
    assert (aws.records, aws.batches) == (before, [])
    aws.errors["ChangeResourceRecordSets"] = error("AccessDenied", status=403)
    result = run(check_rights=True, check=True)
    assert result["msg"] == (
        "Route 53 does not let these credentials do ChangeResourceRecordSets (AccessDenied): allow"
        " them route53:ChangeResourceRecordSets for this zone."
    )
    assert (result["status"], result["reason"]) == (403, "AccessDenied")


@pytest.mark.parametrize(
    ("records", "sentence"),
    [
        (
            [record("east", 1)],
            "no weighted record quay.harbour.example. A with the identifier 'west'",
        ),
        ([record("west", 1)], "the identifier 'east': make it"),
        ([], "It has none of this name and type."),
        ([{"Name": RECORD, "Type": "A", "TTL": 5}], "It has one without a weight."),
        (
            [record("west", 1), record("east", 1), record("spare", 1)],
            "has the identifier spare with",
        ),
    ],
)
def test_refuses_records_that_are_not_two(aws: Route53, records: list[Any], sentence: str) -> None:
    aws.records = records
    result = run(share=50)
    assert (result["rc"], aws.batches) == (1, [])
    assert sentence in result["msg"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"target_identifier": "east"}, "got 'east', which is that of the source too"),
        ({"source_identifier": ""}, "source_identifier: got 0 characters; right are 1 to 128"),
        ({"target_identifier": "w" * 129}, "target_identifier: got 129 characters"),
        ({"scale": 256}, "scale: got 256; right is 1 to 255"),
        ({"scale": 0}, "scale: got 0; right is 1 to 255"),
        ({"ttl": -1}, "ttl: got -1; right is 0 to 2147483647"),
        ({"share": 101}, "101 per cent of the scale 100 is no whole weight"),
        ({"share": -1}, "-1 per cent of the scale 100 is no whole weight"),
        ({"scale": 10, "shares": [0, 5, 25, 50]}, "5, 25 per cent of the scale 10 is no whole"),
    ],
)
def test_refuses_what_route_53_would(aws: Route53, options: dict[str, Any], sentence: str) -> None:
    aws.errors["ListHostedZonesByName"] = error("Asked", "nothing should have been asked")
    result = run(**options)
    assert result["rc"] == 1
    assert sentence in result["msg"]


@pytest.mark.parametrize(
    ("zones", "sentence"),
    [
        ([], "Route 53 has no hosted zone harbour.example. for these credentials"),
        (
            [{"Id": f"/hostedzone/Z{each}", "Name": ZONE} for each in (1, 2)],
            "Route 53 has 2 hosted zones harbour.example.: give the id of the right one of Z1, Z2",
        ),
    ],
)
def test_refuses_a_zone_that_is_not_one(aws: Route53, zones: list[Any], sentence: str) -> None:
    aws.zones = zones
    assert sentence in run()["msg"]


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (NoCredentialsError(), "boto3 finds no credentials for Route 53: set AWS_ACCESS_KEY_ID"),
        (error("ExpiredToken", status=403), "does not know these credentials (ExpiredToken)"),
        (error("InvalidClientTokenId", status=403), "does not know these credentials"),
        (
            error("", status=403),
            "let these credentials do ListResourceRecordSets (HTTP 403): allow",
        ),
        (
            EndpointConnectionError(endpoint_url="http://127.0.0.1:1/"),
            "has not done ListResourceRecordSets: Could not connect to the endpoint URL",
        ),
        (error("Throttling", "Rate\n exceeded."), "ListResourceRecordSets: Rate exceeded. Correct"),
    ],
)
def test_errors_of_the_api_are_sentences(aws: Route53, failure: Exception, sentence: str) -> None:
    aws.errors["ListResourceRecordSets"] = failure
    result = run()
    assert result["rc"] == 1
    assert sentence in result["msg"]


def test_waits_until_all_name_servers_have_it(aws: Route53) -> None:
    slept: list[float] = []
    clock = Clock(monotonic=lambda: sum(slept), sleep=slept.append)
    aws.pending = 3
    Zone(client=aws, id=ZONE_ID).write([], 60, clock)
    assert aws.asked_changes == ["/change/C1"] * 3
    aws.pending = 100
    with pytest.raises(NotReadyError, match="do not all have the change /change/C1 after 10 s"):
        Zone(client=aws, id=ZONE_ID).write([], 10, clock)


def test_says_which_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(_route53, "boto3")
    assert run()["msg"] == "Python lacks the package boto3 here: pip install boto3."


def test_says_what_boto3_cannot_use() -> None:
    assert "boto3 cannot make a client of Route 53: " in run(endpoint_url="nowhere")["msg"]
