# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
import time
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _http, _namespace_patches
from ansible_collections.meshwright.istio.plugins.module_utils._client import Client
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError, MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._kubeconfig import Connection
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import Injection, Move
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.stub_server import Answer, serving

OLD, NEW = Injection(injection="enabled"), Injection(revision="1-29")


def namespace(name: str) -> dict[str, Any]:
    labels = {"istio-injection": "enabled", "team": name}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def move(name: str, after: Injection = NEW) -> Move:
    return Move(name=name, before=OLD, after=after)


class Time:
    """Passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def write(api: FakeApi, *moves: Move, timeout: float = 1.0) -> tuple[Move, ...]:
    spent = Time()
    return _namespace_patches.write(
        api, moves, timeout=timeout, clock=spent.clock, sleep=spent.sleep
    )


def refusal(status: int) -> ApiError:
    return ApiError(f"Refused with {status}.", status=status)


def labels(api: FakeApi, name: str) -> dict[str, str]:
    found: dict[str, str] = api.objects["v1", "Namespace", None, name]["metadata"]["labels"]
    return found


def test_write_sends_one_patch_for_each_that_changes() -> None:
    api = FakeApi(*map(namespace, "abc"))
    written = write(api, move("a"), move("b", after=OLD), move("c"))
    assert api.writes == [("patch", "Namespace", "a"), ("patch", "Namespace", "c")]
    assert labels(api, "a") == {"istio.io/rev": "1-29", "team": "a"}
    assert [one.error for one in written] == [None, None, None]


@pytest.mark.parametrize("status", [0, 409, 429, 500, 503])
def test_write_tries_a_passing_refusal_again(status: int) -> None:
    api = FakeApi(namespace("a"))
    api.failures["patch", "a"] = [refusal(status), refusal(status)]
    assert write(api, move("a"))[0].error is None
    assert labels(api, "a")["istio.io/rev"] == "1-29"


def test_write_gives_up_at_the_deadline() -> None:
    api = FakeApi(namespace("a"), namespace("b"))
    api.failures["patch", "a"] = [refusal(409)] * 100
    written = write(api, move("a"), move("b"))
    assert [one.error for one in written] == ["Refused with 409.", "it was not reached within 1 s."]


def test_write_leaves_longer_and_longer_between_tries() -> None:
    api = FakeApi(namespace("a"))
    api.failures["patch", "a"] = [refusal(503)] * 100
    spent = Time()
    _namespace_patches.write(api, [move("a")], timeout=60, clock=spent.clock, sleep=spent.sleep)
    # 0.1 s, doubled up to 8 s: seven tries in 12.7 s, and one in each 8 s of the rest.
    assert len(api.writes) == 13
    assert spent.now == pytest.approx(60)


def test_write_ends_in_time_though_the_server_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "_READ_TIMEOUT", 5.0)
    monkeypatch.setattr(_http, "_RETRIES", 3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        api = Client(Connection(server=f"http://127.0.0.1:{silent.getsockname()[1]}"))
        began = time.monotonic()
        (written,) = _namespace_patches.write(api, [move("a")], timeout=0.5)
    # One try, which has a second at least.
    assert time.monotonic() - began < 5
    assert "cannot be reached" in str(written.error)


def test_write_tries_a_busy_server_again_in_time() -> None:
    with serving(Answer(503, headers={"Retry-After": "30"}), Answer()) as stub:
        began = time.monotonic()
        (written,) = _namespace_patches.write(
            Client(Connection(server=stub.url)), [move("a")], timeout=20
        )
    assert time.monotonic() - began < 20
    assert (written.error, len(stub.asked)) == (None, 2)


def test_write_tries_every_namespace_although_one_fails() -> None:
    api = FakeApi(*map(namespace, "abc"))
    api.failures["patch", "a"] = [refusal(403)]
    written = write(api, move("a"), move("gone"), move("c"))
    assert [one.error is None for one in written] == [False, False, True]
    assert len(api.writes) == 3
    assert labels(api, "c")["istio.io/rev"] == "1-29"


def test_report_counts() -> None:
    result = _namespace_patches.report([move("a"), move("b", after=OLD)])
    assert result["counts"] == {"chosen": 2, "changed": 1, "unchanged": 1, "failed": 0}
    assert [entry["before_header"] for entry in result["diff"]] == ["Namespace a"]
    assert _namespace_patches.report([])["changed"] is False


def test_report_of_a_failure_has_what_was_done_too() -> None:
    names = [f"n{number}" for number in range(7)]
    failed = [Move(name=name, before=OLD, after=NEW, error=f"no {name}.") for name in names]
    with pytest.raises(MeshError) as raised:
        _namespace_patches.report([move("done"), *failed])
    assert raised.value.message == (
        "7 of 8 namespaces could not be changed. n0: no n0. n1: no n1. n2: no n2. n3: no n3."
        " n4: no n4. And 2 more, all in failed_namespaces. The others are done: remove the cause"
        " and run it again."
    )
    details = raised.value.details
    assert details["failed_namespaces"] == names
    assert details["changed"] is True
    assert details["namespaces"][0]["name"] == "done"
