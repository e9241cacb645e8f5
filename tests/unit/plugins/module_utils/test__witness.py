# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._witness import Leaver, Witness
from ansible_collections.meshwright.istio.tests.unit.support import envoy_answers, mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

HOST = "web.shop.svc.cluster.local"
ADDRESS = "10.1.0.7"


class Proxies(FakeApi):
    """Those in `senders` still know the address; those in `dead` do not answer."""

    def __init__(self, *names: str) -> None:
        self.senders: set[str] = set()
        self.dead: set[str] = set()
        self.asked: list[str] = []
        self.open = 0
        self.sent = 5
        self.now = 0.0
        super().__init__()
        self.add("web-0", address=ADDRESS)
        for name in names:
            self.add(name)

    def add(self, name: str, *, ready: bool = True, address: str = "10.1.0.9") -> None:
        item = mesh_objects.pod(name, "shop", revision="1-30")
        conditions = [{"type": "Ready", "status": str(ready)}]
        self.put({**item, "status": {**item["status"], "conditions": conditions, "podIP": address}})

    def pod_get(self, pod: str, *_arguments: Any, path: str, **_more: Any) -> bytes:
        if pod in self.dead:
            raise ApiError("It does not answer.", status=0)
        if path != "/clusters":
            return envoy_answers.gauges(self.open)
        self.asked.append(pod)
        known = {HOST: [ADDRESS] if pod in self.senders else ["10.1.0.8"]}
        return envoy_answers.clusters(known, "", 0, sent=self.sent)

    def witness(self) -> Witness:
        return Witness(self, lambda: self.now)

    def look(self, name: str = "web-0") -> Pod:
        return Pod.from_object(self.objects["v1", "Pod", "shop", name])


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread: the test asks each round itself."""
    monkeypatch.setattr(Witness, "start", lambda witness: witness._feed.read())


def ask(api: Proxies, witness: Witness) -> Any:
    """One round, a second later."""
    api.now += 1
    witness._feed.read()
    witness.ask_round()
    return witness.about(api.look())


@pytest.mark.usefixtures("by_hand")
class TestRounds:
    def test_knows_at_once_where_nobody_sends(self) -> None:
        api = Proxies("a", "b")
        witness = api.witness()
        assert witness.about(api.look()).complete is False
        witness.watch(Leaver(pod=api.look()))
        found = ask(api, witness)
        assert (found.complete, found.proxies, found.since, found.open) == (True, 3, 1.0, 0)

    def test_asks_only_those_that_may_still_send(self) -> None:
        api = Proxies("a", "b")
        api.senders = {"b"}
        witness = api.witness()
        witness.watch(Leaver(pod=api.look()))
        found = ask(api, witness)
        assert (found.complete, found.lacking) == (False, ("shop/b",))
        assert found.describe() == "2 of 3 proxies know; not shop/b"
        api.asked.clear()
        ask(api, witness)
        # The leaver itself is asked for what it has open.
        assert api.asked == ["b", "web-0"]
        api.senders.clear()
        assert ask(api, witness).since == 3.0
        # It stays the moment at which all knew.
        assert ask(api, witness).since == 3.0

    def test_a_ready_proxy_that_does_not_answer_is_waited_for_and_named(self) -> None:
        api = Proxies("a", "b", "c", "d", "e")
        api.dead = {"a", "b", "c", "d"}
        witness = api.witness()
        witness.watch(Leaver(pod=api.look()))
        found = ask(api, witness)
        assert found.describe() == (
            "2 of 6 proxies know; not shop/a (It does not answer), shop/b (It does not answer),"
            " shop/c (It does not answer) ..."
        )
        api.dead.clear()
        assert ask(api, witness).complete

    def test_one_that_is_not_ready_is_waited_for_only_while_it_answers(self) -> None:
        api = Proxies()
        api.add("ill", ready=False)
        api.senders = {"ill"}
        witness = api.witness()
        witness.watch(Leaver(pod=api.look()))
        assert ask(api, witness).lacking == ("shop/ill",)
        api.dead = {"ill"}
        assert ask(api, witness).complete

    def test_proxies_come_and_go(self) -> None:
        api = Proxies("a")
        api.senders = {"a", "late"}
        witness = api.witness()
        witness.watch(Leaver(pod=api.look()))
        assert not ask(api, witness).complete
        api.remove(_kinds.POD, "a", "shop")
        assert ask(api, witness).complete
        api.add("late")
        assert ask(api, witness).lacking == ("shop/late",)
        api.senders.clear()
        assert ask(api, witness).since == 4.0

    def test_another_pod_of_the_same_name_is_asked_anew(self) -> None:
        api = Proxies("store-0")
        witness = api.witness()
        witness.watch(Leaver(pod=api.look()))
        assert ask(api, witness).complete
        api.remove(_kinds.POD, "store-0", "shop")
        api.add("store-0")
        api.senders = {"store-0"}
        assert ask(api, witness).lacking == ("shop/store-0",)

    @pytest.mark.parametrize("what", ["no sidecar", "starting", "ending"])
    def test_what_has_no_clients_is_not_asked(self, what: str) -> None:
        api = Proxies()
        item = mesh_objects.pod("x", "shop", revision=None if what == "no sidecar" else "1-30")
        if what == "starting":
            item["status"] = {"phase": "Pending"}
        if what == "ending":
            item["metadata"]["deletionTimestamp"] = "2026-02-03T00:00:00Z"
        api.put(item)
        witness = api.witness()
        witness.watch(Leaver(pod=api.look()))
        assert ask(api, witness).proxies == 1
        assert "x" not in api.asked

    def test_does_not_wait_for_what_clients_of_a_headless_service_may_do(self) -> None:
        api = Proxies("a")
        api.senders = {"a"}
        witness = api.witness()
        witness.watch(Leaver(pod=api.look(), by_name=[HOST]))
        assert ask(api, witness).complete

    def test_says_what_a_leaver_has_open_and_when_it_was_asked(self) -> None:
        api = Proxies()
        api.open = 4
        witness = api.witness()
        witness.watch(Leaver(pod=api.look()))
        found = ask(api, witness)
        assert (found.open, found.asked) == (4, 1.0)
        api.dead = {"web-0"}
        assert (ask(api, witness).open, ask(api, witness).asked) == (None, 3.0)

    @pytest.mark.parametrize(("gateway", "busy"), [(True, 3.0), (False, None)])
    def test_says_when_a_gateway_was_last_asked_for_something(
        self, gateway: bool, busy: float | None
    ) -> None:
        api = Proxies()
        witness = api.witness()
        witness.watch(Leaver(pod=api.look(), gateway=gateway))
        assert (ask(api, witness).busy, ask(api, witness).busy) == (None, None)
        api.sent += 1
        assert (ask(api, witness).busy, ask(api, witness).busy) == (busy, busy)

    def test_a_pod_without_a_sidecar_is_not_asked_for_what_it_has_open(self) -> None:
        api = Proxies()
        item = mesh_objects.pod("bare", "shop")
        api.put({**item, "status": {**item["status"], "podIP": "10.1.0.5"}})
        witness = api.witness()
        witness.watch(Leaver(pod=api.look("bare")))
        ask(api, witness)
        found = witness.about(api.look("bare"))
        assert (found.open, found.complete, "bare" in api.asked) == (None, True, False)

    def test_waits_for_each_address_of_a_pod(self) -> None:
        api = Proxies("a")
        item = mesh_objects.pod("both", "shop", revision="1-30")
        addresses = [{"ip": "fd00:10:244::7"}, {"ip": ADDRESS}]
        api.put({**item, "status": {**item["status"], "podIPs": addresses}})
        api.senders = {"a"}
        witness = api.witness()
        witness.watch(Leaver(pod=api.look("both")))
        ask(api, witness)
        assert witness.about(api.look("both")).lacking == ("shop/a",)

    def test_asks_no_more_about_what_is_forgotten(self) -> None:
        api = Proxies("a")
        witness = api.witness()
        witness.watch(Leaver(pod=api.look()))
        witness.forget(api.look())
        assert ask(api, witness).proxies == 0
        assert api.asked == []
        assert ask(api, witness).describe() == "its proxies are asked"


def _until(holds: Any) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_asks_in_a_thread_of_its_own() -> None:
    api = Proxies("a")
    api.senders = {"a"}
    witness = Witness(api)
    for _time in range(2):
        witness.watch(Leaver(pod=api.look()))
    _until(lambda: witness.about(api.look()).lacking == ("shop/a",))
    api.senders.add("b")
    api.add("b")
    _until(lambda: witness.about(api.look()).lacking == ("shop/a", "shop/b"))
    api.senders.clear()
    _until(lambda: witness.about(api.look()).complete)
    # Once there is nobody to ask about, it sleeps, and wakes up with the next.
    witness.forget(api.look())
    _until(lambda: not witness._wake.is_set())
    witness.watch(Leaver(pod=api.look()))
    _until(lambda: witness.about(api.look()).complete)


def test_an_error_of_its_thread_is_raised_where_it_is_asked() -> None:
    class Broken(Proxies):
        def watch(self, *_arguments: Any, **_more: Any) -> Any:
            raise ApiError("Grant watch on pods.", status=403)

    api = Broken()
    witness = Witness(api)
    witness.watch(Leaver(pod=api.look()))
    _until(lambda: witness._error is not None)
    with pytest.raises(ApiError, match="Grant watch on pods"):
        witness.about(api.look())


def test_starts_once() -> None:
    api = Proxies()
    witness = Witness(api)
    witness.start()
    thread = witness._thread
    witness.start()
    assert (witness._thread is thread, api.reads.count(("list", "Pod"))) == (True, 1)
