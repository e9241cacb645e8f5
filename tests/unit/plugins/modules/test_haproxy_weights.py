# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.modules import haproxy_weights
from ansible_collections.meshwright.istio.tests.unit.support.haproxies import (
    FakeHAProxy,
    FakeServer,
    running,
)
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

CONFIG = """\
backend pond
  server heron 192.0.2.1:80 weight 100 check # the old one
  server stork 192.0.2.2:80 weight 0 check
"""


class Front:
    """One HAProxy and its file; `more` are further ones for the same backend."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "haproxy.cfg"
        self.config.write_text(CONFIG)
        self.first = self.make("a")

    def make(self, name: str, **settings: Any) -> FakeHAProxy:
        servers = {
            "heron": FakeServer(weight=100, sessions=5, checks=9),
            "stork": FakeServer(weight=0, checks=9),
        }
        return FakeHAProxy(path=self.folder / name, servers=servers, **settings)

    def checker(self, code: int, word: str = "") -> str:
        """A program in HAProxy's place that ends so, where the file has that word."""
        path = self.folder / "checker"
        path.write_text(
            f"#!/bin/sh\necho '[ALERT] (1) : config : odd pond' >&2\n"
            f"grep -q '{word}' \"$3\" && exit {code}\nexit 0\n"
        )
        path.chmod(0o755)
        return str(path)

    def ask(self, *more: FakeHAProxy, check: bool = False, **options: Any) -> dict[str, Any]:
        arguments = {
            "sockets": [str(each.path) for each in (self.first, *more)],
            "backend": "pond",
            "source_server": "heron",
            "target_server": "stork",
            "haproxy_path": "/nowhere/haproxy",
            **options,
        }
        with running(self.first, *more):
            return run_module(haproxy_weights, None, arguments, check=check)


@pytest.fixture
def front() -> Iterator[Front]:
    # The path of a socket has at most 107 characters.
    with tempfile.TemporaryDirectory() as folder:
        yield Front(Path(folder))


def test_reads_without_writing(front: Front) -> None:
    front.first.servers["stork"].weight = 300 // 3
    front.first.servers["heron"].idle = 2
    result = front.ask()
    assert (result["rc"], result["changed"], result["share"]) == (0, False, 50)
    assert (result["holds"], result["reason"], result["file"]) == (True, "", None)
    assert result["healthy"] == {"source": True, "target": True}
    assert result["sessions"] == {"source": 5, "target": 0}
    assert result["idle"] == {"source": 2, "target": 0}
    assert result["object"] == f"backend pond of HAProxy at {front.first.path}"
    assert front.first.said == []


def test_sets_socket_and_file_and_then_has_nothing_to_do(front: Front) -> None:
    front.config.chmod(0o640)
    first = front.ask(config=str(front.config), share=25)
    assert (first["rc"], first["changed"], first["share"], first["holds"]) == (0, True, 25, True)
    # The one that gets more comes first.
    assert front.first.said == [
        "set server pond/stork weight 25",
        "set server pond/heron weight 75",
    ]
    assert front.config.read_text() == CONFIG.replace("weight 100", "weight 75").replace(
        "weight 0", "weight 25"
    )
    assert stat.S_IMODE(front.config.stat().st_mode) == 0o640
    assert [each["before_header"] for each in first["diff"]] == [
        f"pond at {front.first.path}",
        f"pond in {front.config}",
    ]
    assert first["warnings"] == [
        f"{front.config} was not checked, since there is no /nowhere/haproxy here."
    ]
    front.first.said.clear()
    before = front.config.stat()
    second = front.ask(config=str(front.config), share=25)
    assert (second["changed"], second["diff"], front.first.said) == (False, [], [])
    assert front.config.stat() == before
    assert sorted(each.name for each in front.folder.iterdir()) == ["haproxy.cfg"]


def test_lowers_the_target_after_it_has_raised_the_source(front: Front) -> None:
    front.ask(share=100)
    front.first.said.clear()
    front.ask(share=0)
    assert [each.split()[2] for each in front.first.said] == ["pond/heron", "pond/stork"]
    assert front.first.weights == (100, 0)


def test_check_mode_says_the_same_and_writes_nothing(front: Front) -> None:
    options = {"config": str(front.config), "share": 1, "shut": True}
    predicted = front.ask(check=True, **options)
    assert (front.first.said, front.config.read_text()) == ([], CONFIG)
    real = front.ask(**options)
    assert (predicted["changed"], predicted["diff"]) == (real["changed"], real["diff"])
    assert len(real["diff"]) == 2


def test_a_link_to_the_file_stays_one(front: Front) -> None:
    link = front.folder / "link.cfg"
    link.symlink_to(front.config)
    assert front.ask(config=str(link), share=5)["holds"] is True
    assert (link.is_symlink(), "weight 95" in front.config.read_text()) == (True, True)


def test_a_kill_between_socket_and_file_is_seen_and_healed(front: Front) -> None:
    front.ask(share=5)
    result = front.ask(config=str(front.config))
    assert (result["share"], result["holds"]) == (5, False)
    assert result["reason"] == (
        f"the target has 5 % of backend pond at the sockets and 0 % in {front.config}, which a"
        " reload would set"
    )
    front.first.said.clear()
    healed = front.ask(config=str(front.config), share=5)
    assert (healed["changed"], healed["holds"], front.first.said) == (True, True, [])


def test_sockets_that_disagree_do_not_hold(front: Front) -> None:
    other = front.make("b")
    other.servers["stork"].weight = 100
    result = front.ask(other)
    assert (result["holds"], result["share"]) == (False, 0)
    assert f"0 % of backend pond at {front.first.path} and 50 % at {other.path}" in result["reason"]
    assert front.ask(other, share=50)["holds"] is True
    assert (front.first.weights, other.weights) == ((50, 50), (100, 100))


WITHHELD = {1: "in maintenance", 8: "set to drain"}


@pytest.mark.parametrize("admin", WITHHELD)
def test_a_server_that_gets_nothing_new_is_told_of(front: Front, admin: int) -> None:
    front.first.servers["heron"].admin = admin
    assert front.ask()["reason"] == f"server heron is {WITHHELD[admin]} at {front.first.path}"
    result = front.ask(share=50)
    assert f"has server heron {WITHHELD[admin]}, so it would get nothing" in result["msg"]
    assert front.ask(share=100)["holds"] is True


@pytest.mark.parametrize(
    ("changes", "healthy"),
    [
        pytest.param({"checks": 9}, True, id="good"),
        pytest.param({"up": False}, False, id="bad"),
        pytest.param({"checks": None}, None, id="nobody looks"),
        pytest.param({"checks": 0}, None, id="not looked at yet"),
        pytest.param({"checks": None, "agent": 2, "up": False}, False, id="its agent says so"),
        pytest.param({"admin": 1}, False, id="in maintenance"),
    ],
)
def test_tells_what_haproxy_thinks_of_a_server(
    front: Front, changes: dict[str, Any], healthy: bool | None
) -> None:
    for name, value in changes.items():
        setattr(front.first.servers["stork"], name, value)
    assert front.ask()["healthy"] == {"source": True, "target": healthy}


def test_the_worst_of_all_sockets_is_what_counts(front: Front) -> None:
    other = front.make("b")
    other.servers["stork"].up = False
    assert front.ask(other)["healthy"] == {"source": True, "target": False}


def test_ends_the_sessions_of_the_source_alone(front: Front) -> None:
    front.first.servers["stork"].sessions = 3
    result = front.ask(shut=True)
    assert (result["changed"], result["sessions"]) == (True, {"source": 0, "target": 3})
    assert front.first.said == ["shutdown sessions server pond/heron"]
    assert front.ask(shut=True)["changed"] is False


def test_says_that_a_cookie_holds_clients(front: Front) -> None:
    front.first.servers["heron"].cookie = "h"
    assert front.ask(share=50)["warnings"] == [
        "Clients with the cookie of server heron of backend pond stay with it whatever its weight"
        " is."
    ]


def test_what_stands_by_gets_nothing_and_is_no_third(front: Front) -> None:
    front.first.servers["sorry"] = FakeServer(weight=1, backup=True)
    assert (front.ask()["holds"], front.ask(share=50)["rc"]) == (True, 0)


def test_a_third_server_with_a_weight_does_not_hold(front: Front) -> None:
    front.first.servers["crane"] = FakeServer(weight=9)
    assert front.ask()["reason"] == f"server crane at {front.first.path} has a weight too"


def test_two_weights_of_nothing_do_not_hold(front: Front) -> None:
    front.first.servers["heron"].weight = 0
    assert front.ask()["reason"] == f"both servers have the weight 0 at {front.first.path}"
    assert (front.ask(share=0)["changed"], front.first.weights) == (True, (100, 0))


def test_a_file_that_haproxy_refuses_is_not_put_in_place(front: Front) -> None:
    program = front.checker(1, "weight 30")
    result = front.ask(config=str(front.config), share=30, haproxy_path=program)
    assert "is refused by `haproxy -c`: config : odd pond It stays as it is" in result["msg"]
    assert (front.first.said, front.config.read_text()) == ([], CONFIG)
    assert not list(front.folder.glob(".*"))


def test_a_file_that_cannot_be_checked_by_itself_is_written_with_a_warning(front: Front) -> None:
    result = front.ask(config=str(front.config), share=30, haproxy_path=front.checker(1))
    assert result["warnings"] == [f"{front.config} cannot be checked by itself: config : odd pond"]
    assert "weight 30" in front.config.read_text()


def test_what_no_socket_takes_is_not_kept(front: Front) -> None:
    front.first.refusal = "Backend is using a static LB algorithm."
    result = front.ask(config=str(front.config), share=30)
    assert "does not set the weights of backend pond: Backend is using a static" in result["msg"]
    assert (front.config.read_text(), list(front.folder.glob(".*"))) == (CONFIG, [])


def test_an_agent_that_sets_weights_too_is_named(front: Front) -> None:
    front.first.servers["stork"].agent = 2
    front.first.deaf = {"stork"}
    result = front.ask(share=30)
    assert "right after 30 % were set: the agent check of stork sets weights there" in result["msg"]


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no such backend": ({"backend": "lake"}, {}, "has no backend lake with servers"),
    "no such server": (
        {"target_server": "ibis"},
        {},
        "has no server ibis; right is one of heron, stork.",
    ),
    "dead socket": ({"sockets": ["/nowhere/socket"]}, {}, "does not answer at /nowhere/socket: "),
    "no socket": ({"sockets": ["haproxy"]}, {}, "sockets: got 'haproxy'; right is the path"),
    "no sockets": ({"sockets": []}, {}, "sockets: got none"),
    "one server twice": ({"target_server": "heron"}, {}, "are both heron"),
    "more than all": ({"share": 101}, {}, "share: got 101; right is a whole number from 0 to 100."),
    "no rights": (
        {"share": 5},
        {"level": "operator"},
        "has the level operator and sets no weights",
    ),
    "static": ({"share": 5}, {"algorithm": "static-rr"}, "balances by static-rr, which heeds no"),
    "no file": ({"config": "/nowhere/haproxy.cfg"}, {}, "/nowhere/haproxy.cfg cannot be read"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_in_one_sentence_and_writes_nothing(front: Front, name: str) -> None:
    options, settings, sentence = REFUSED[name]
    for key, value in settings.items():
        setattr(front.first, key, value)
    result = front.ask(**{"share": 5, "config": str(front.config), **options})
    assert (result["rc"], result.get("changed", False)) == (1, False)
    assert sentence in result["msg"]
    assert (front.first.weights, front.config.read_text()) == ((100, 0), CONFIG)


def test_refuses_a_third_server_with_a_weight(front: Front) -> None:
    front.first.servers["crane"] = FakeServer(weight=9)
    result = front.ask(share=5)
    assert "more than the two servers that get requests: server crane" in result["msg"]
    assert front.first.said == []


def test_tells_what_several_hosts_have_as_one(front: Front) -> None:
    other = front.make("b")
    one = front.ask()
    with running(other):
        two = run_module(
            haproxy_weights,
            None,
            {
                "sockets": [str(other.path)],
                "backend": "pond",
                "source_server": "heron",
                "target_server": "stork",
                "share": 40,
            },
        )
    both = run_module(haproxy_weights, None, {"readings": [one, two]})
    assert (both["share"], both["holds"], both["sessions"]) == (
        0,
        False,
        {"source": 10, "target": 0},
    )
    assert both["reason"] == (f"the target has 0 % in {one['object']} and 40 % in {two['object']}")
    one["idle"] = {"source": 1, "target": 4}
    both = run_module(haproxy_weights, None, {"readings": [one, two, one]})
    assert both["idle"] == {"source": 2, "target": 8}
    same = run_module(haproxy_weights, None, {"readings": [one, one]})
    assert (same["holds"], same["object"]) == (True, one["object"])
    assert "readings: got none" in run_module(haproxy_weights, None, {"readings": []})["msg"]
