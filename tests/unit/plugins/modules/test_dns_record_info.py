# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import dns.message
import dns.opcode
import dns.rcode
import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _dns_ask, _dns_job
from ansible_collections.meshwright.istio.plugins.module_utils._dns_job import Clock, Job
from ansible_collections.meshwright.istio.plugins.module_utils._errors import NotReadyError
from ansible_collections.meshwright.istio.plugins.modules import dns_record_info
from ansible_collections.meshwright.istio.tests.unit.support import name_servers
from ansible_collections.meshwright.istio.tests.unit.support.name_servers import (
    KEY,
    RECORD,
    SECRET,
    ZONE,
    NameServer,
)
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

CLUSTERS = {"source_addresses": ["10.1.0.1"], "target_addresses": ["10.2.0.1"]}
SIGNED = {"key_name": KEY, "key_secret": SECRET}
Servers = tuple[NameServer, NameServer]


@pytest.fixture
def servers() -> Iterator[Servers]:
    with ExitStack() as stack:
        yield (
            stack.enter_context(name_servers.serving()),
            stack.enter_context(name_servers.serving()),
        )


def arguments(servers: Servers, /, **options: Any) -> dict[str, Any]:
    given = {"servers": [each.address for each in servers], "zone": ZONE, "record": RECORD}
    return {**given, **options}


def run(there: Servers, /, *, check: bool = False, **options: Any) -> dict[str, Any]:
    return run_module(dns_record_info, None, arguments(there, **options), check=check)


def updates(server: NameServer) -> list[dns.message.Message]:
    return [each for each in server.asked if each.opcode() == dns.opcode.UPDATE]


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_tells_what_all_servers_say(servers: Servers, protocol: str, check: bool) -> None:
    first, second = servers
    second.serial = 2
    result = run(servers, protocol=protocol, check=check, **CLUSTERS)
    assert (result["rc"], result["changed"]) == (0, False)
    assert result["addresses"] == ["10.1.0.1"]
    assert (result["ttl"], result["negative"], result["share"]) == (60, 30, 0)
    assert (result["equal"], result["holds"], result["reason"]) == (True, True, "")
    assert [each["serial"] for each in result["servers"]] == [3, 2]
    assert result["primary"] == {"host": "127.0.0.1", "port": int(first.address[10:])}


def test_without_clusters_there_is_no_share(servers: Servers) -> None:
    result = run(servers)
    assert (result["share"], result["wanted"]) == (None, ["10.1.0.1"])


def test_order_of_addresses_is_no_difference(servers: Servers) -> None:
    first, second = servers
    first.addresses, second.addresses = ["10.1.0.1", "10.2.0.1"], ["10.2.0.1", "10.1.0.1"]
    result = run(servers, **CLUSTERS)
    assert (result["equal"], result["share"]) == (True, 50)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"addresses": ["10.2.0.1"]}, "has 10.2.0.1 where"),
        ({"ttl": 300}, "has the TTL 300"),
        ({"authoritative": False}, "answers for quay.harbour.example. without authority"),
        ({"addresses": []}, "has no record quay.harbour.example. of the type A"),
        ({"alias": "berth.example."}, "has an alias of berth.example."),
        ({"codes": [dns.rcode.REFUSED]}, "refuses to answer for quay.harbour.example. (REFUSED)"),
        ({"codes": [dns.rcode.SERVFAIL] * 3}, "(SERVFAIL)"),
    ],
)
def test_one_that_says_something_else_is_named(
    servers: Servers, change: dict[str, Any], reason: str
) -> None:
    for name, value in change.items():
        setattr(servers[1], name, value)
    result = run(servers, **CLUSTERS)
    assert (result["rc"], result["equal"], result["holds"]) == (0, False, False)
    assert result["reason"].startswith(servers[1].address)
    assert reason in result["reason"]
    assert result["share"] == 0


def test_longest_ttl_counts(servers: Servers) -> None:
    servers[1].ttl = 300
    assert run(servers)["ttl"] == 300


def test_server_that_loads_its_zone_anew_is_asked_again(servers: Servers) -> None:
    servers[0].codes = [dns.rcode.SERVFAIL, dns.rcode.SERVFAIL]
    assert run(servers)["equal"] is True


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_silent_server_is_asked_again_and_then_named(
    servers: Servers, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Short for the one that never answers, and long for the one that does, on a busy machine.
    monkeypatch.setattr(_dns_ask, "_SECONDS", 0.5)
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        silent = f"127.0.0.1:{udp.getsockname()[1]}"
        result = run(servers, servers=[silent, servers[0].address], protocol=protocol)
        lost = {"udp": "did not answer within 0.5 s", "tcp": "cannot be reached"}[protocol]
        assert lost in result["reason"]
        assert result["addresses"] == ["10.1.0.1"]


def test_nobody_answers(servers: Servers) -> None:
    for server in servers:
        server.addresses = []
    result = run(servers)
    assert result["rc"] == 1
    assert result["msg"].startswith(f"No server tells the addresses of {RECORD}: ")


def test_stranger_holds_nothing(servers: Servers) -> None:
    for server in servers:
        server.addresses = ["10.1.0.1", "10.9.9.9"]
    result = run(servers, **CLUSTERS)
    assert (result["equal"], result["holds"]) == (True, False)
    assert result["reason"] == "10.9.9.9 belongs to neither cluster"


def test_wanted_addresses_are_those_of_the_share(servers: Servers) -> None:
    assert run(servers, share=100, **CLUSTERS)["wanted"] == ["10.2.0.1"]


@pytest.mark.parametrize(
    ("change", "options", "sentence"),
    [
        ({"addresses": []}, {}, "has no record"),
        ({"addresses": ["10.1.0.1", "10.9.9.9"]}, {}, "has the address 10.9.9.9, which belongs to"),
        ({}, {"shares": [0, 1, 100]}, "1 per cent cannot be expressed"),
        (
            {"updates_by": ""},
            SIGNED,
            "does not take updates of quay.harbour.example. A with pilot.",
        ),
        ({}, {}, "does not take updates of quay.harbour.example. A with no key: it refuses with"),
    ],
)
def test_strict_refuses_what_cannot_be_switched(
    servers: Servers, change: dict[str, Any], options: dict[str, Any], sentence: str
) -> None:
    for name, value in change.items():
        setattr(servers[0], name, value)
    result = run(servers, strict=True, check_updates=True, **CLUSTERS, **options)
    assert result["rc"] == 1
    assert sentence in result["msg"]
    assert SECRET not in str(result)


def test_update_is_tried_without_one(servers: Servers) -> None:
    result = run(servers, strict=True, check_updates=True, **CLUSTERS, **SIGNED)
    assert result["rc"] == 0
    assert [len(updates(server)) for server in servers] == [1, 0]
    assert servers[0].serial == 3


def test_nothing_is_tried_unless_asked(servers: Servers) -> None:
    run(servers, strict=True, **CLUSTERS, **SIGNED)
    assert updates(servers[0]) == []


def test_waits_until_a_secondary_has_it(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dns_job, "_PAUSE", 0.01)
    servers[0].addresses, servers[1].codes = ["10.2.0.1"], [dns.rcode.REFUSED] * 2
    servers[1].addresses = ["10.2.0.1"]
    result = run(servers, wait=True, share=100, ttl=60, **CLUSTERS)
    assert (result["rc"], result["share"]) == (0, 100)


def test_waits_for_nothing_in_check_mode(servers: Servers) -> None:
    result = run(servers, check=True, wait=True, share=100, **CLUSTERS)
    assert (result["rc"], result["share"]) == (0, 0)
    assert [len(server.asked) for server in servers] == [2, 2]


def waiting_job(servers: Servers, **options: Any) -> Job:
    spec = {name: each.get("default") for name, each in dns_record_info.argument_spec().items()}
    return Job.from_params({**spec, **arguments(servers, **options), **CLUSTERS})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"share": 100}, "all have something else"),
        ({"share": 0, "ttl": 5}, "all have something else"),
    ],
)
def test_waits_no_longer_than_it_shall(
    servers: Servers, options: dict[str, Any], sentence: str
) -> None:
    slept: list[float] = []
    clock = Clock(monotonic=lambda: sum(slept), sleep=slept.append)
    with pytest.raises(NotReadyError, match=sentence) as caught:
        waiting_job(servers, wait_timeout=4, **options).wait(clock)
    assert sum(slept) == 4
    assert caught.value.details["addresses"] == ["10.1.0.1"]


def test_says_which_server_it_has_waited_for(servers: Servers) -> None:
    servers[0].addresses = ["10.2.0.1"]
    slept: list[float] = []
    clock = Clock(monotonic=lambda: sum(slept), sleep=slept.append)
    with pytest.raises(NotReadyError, match=f"{servers[1].address} has 10.1.0.1 where"):
        waiting_job(servers, share=100).wait(clock)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"servers": []}, "servers: got none"),
        ({"servers": ["ns.example"]}, "servers: got 'ns.example'; right is an address"),
        ({"servers": ["10.0.0.1:0"]}, "servers: got '10.0.0.1:0'"),
        ({"servers": ["10.0.0.1:http"]}, "servers: got '10.0.0.1:http'"),
        ({"record": "quay.elsewhere."}, "record: got 'quay.elsewhere.', which is not in the zone"),
        ({"zone": "a..b"}, "zone: got 'a..b'; right is the name of a domain"),
        ({"wait_timeout": 0}, "wait_timeout: got 0; right is a second or more"),
        ({"key_name": KEY, "key_secret": "c2VjcmV0%%"}, "key_secret: that of pilot. is"),
        ({"key_name": KEY}, "parameters are required together: key_name, key_secret"),
    ],
)
def test_refuses_options_that_cannot_be_right(
    servers: Servers, options: dict[str, Any], sentence: str
) -> None:
    result = run(servers, **options)
    assert result["rc"] == 1
    assert sentence in result["msg"]
    assert servers[0].asked == []


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("10.0.0.1", "10.0.0.1", 53),
        ("10.0.0.1:5353", "10.0.0.1", 5353),
        ("2001:db8::1", "2001:db8::1", 53),
        ("[2001:db8::1]:5353", "2001:db8::1", 5353),
    ],
)
def test_reads_where_a_server_is(text: str, host: str, port: int) -> None:
    server = _dns_job.Server.from_text(text)
    assert (server.host, server.port) == (host, port)


def test_says_which_package_is_missing(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(_dns_ask, "dns")
    assert run(servers)["msg"] == "Python lacks the package dnspython here: pip install dnspython."
