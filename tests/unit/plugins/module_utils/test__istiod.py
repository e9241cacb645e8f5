# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _istiod
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._istiod import (
    Answer,
    Istiod,
    ask_all,
    ask_once,
    find_istiods,
    newest,
    read_version,
)
from ansible_collections.meshwright.istio.plugins.module_utils._syncz import Connection
from ansible_collections.meshwright.istio.tests.unit.support import istiods
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

SYNCZ = ("istio-system", "istiod-a", 15014, "/debug/syncz")
VERSION = ("istio-system", "istiod-a", 15014, "/version")
LOST = ApiError("The connection was lost.", status=0, reason="PortForward")


class Flaky(FakeApi):
    """Raises `errors` for the first requests to pods; `asked` are the paths of all."""

    def __init__(self, *objects: dict[str, Any]) -> None:
        super().__init__(*objects)
        self.errors: list[ApiError] = []
        self.asked: list[str] = []

    def pod_get(
        self, pod: str, namespace: str, *, port: int, path: str, timeout: float = 30.0
    ) -> bytes:
        self.asked.append(path)
        if path == "/debug/syncz" and self.errors:
            raise self.errors.pop(0)
        return super().pod_get(pod, namespace, port=port, path=path, timeout=timeout)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_istiod, "_PAUSE", 0.0)


def cluster() -> Flaky:
    api = Flaky(istiods.pod("istiod-a", "1-30"))
    istiods.serve(api, "istiod-a", "1.30.4", [istiods.entry("web-1.shop")])
    return api


def ask(api: FakeApi) -> Answer:
    (answer,) = ask_all(api, find_istiods(api, "istio-system"))
    return answer


def test_finds_the_istiods_of_every_revision_by_name() -> None:
    other = {"metadata": {"name": "istiod-z", "namespace": "other", "labels": {"app": "istiod"}}}
    api = FakeApi(
        istiods.pod("istiod-b", None),
        istiods.pod("istiod-a", "1-30"),
        {**istiods.pod("istiod-z", None), **other},
        istiods.pod("istiod-done", "1-30", phase="Succeeded"),
        istiods.pod("istiod-evicted", "1-30", phase="Failed"),
    )
    found = find_istiods(api, "istio-system")
    assert [(each.name, each.revision) for each in found] == [
        ("istiod-a", "1-30"),
        ("istiod-b", "default"),
    ]


@pytest.mark.parametrize(
    ("annotations", "port"),
    [
        pytest.param({"prometheus.io/port": "16014"}, 16014, id="as it says"),
        pytest.param({}, 15014, id="by default"),
        pytest.param(None, 15014, id="no annotations at all"),
    ],
)
def test_asks_at_the_port_of_its_metrics(annotations: dict[str, str] | None, port: int) -> None:
    item = istiods.pod("istiod-a", None)
    item["metadata"]["annotations"] = annotations
    istiod = Istiod.from_object(item)
    assert istiod is not None
    assert istiod.port == port


def crashing(restarts: int) -> dict[str, Any]:
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off"}
    status = {"name": "discovery", "restartCount": restarts, "state": {"waiting": waiting}}
    return istiods.pod("istiod-a", "1-30", containerStatuses=[status])


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        pytest.param(istiods.pod("istiod-a", "1-30"), None, id="it runs"),
        pytest.param(
            istiods.pod("istiod-a", "1-30", phase="Pending"), "it is Pending", id="pending"
        ),
        pytest.param(
            crashing(5),
            "it is Running: CrashLoopBackOff: container discovery: back-off",
            id="it crashes again and again",
        ),
        pytest.param(crashing(1), None, id="it crashed once and may come back"),
    ],
)
def test_says_why_an_istiod_cannot_be_asked(item: dict[str, Any], problem: str | None) -> None:
    istiod = Istiod.from_object(item)
    assert istiod is not None
    assert (istiod.running, istiod.problem) == (problem is None, problem)


def test_asks_for_proxies_and_version() -> None:
    answer = ask(cluster())
    assert [connection.key for connection in answer.connections] == ["shop/web-1"]
    assert (answer.istiod.version, answer.istiod.problem) == ("1.30.4", None)


def test_asks_no_istiod_that_does_not_run() -> None:
    api = cluster()
    api.put(istiods.pod("istiod-a", "1-30", phase="Pending"))
    answer = ask(api)
    assert api.asked == []
    assert (answer.connections, answer.istiod.version) == ((), None)
    assert answer.istiod.problem == "it is Pending"


def test_asks_once_for_proxies_alone() -> None:
    api = cluster()
    (answer,) = ask_once(api, find_istiods(api, "istio-system"), 4.0)
    assert api.asked == ["/debug/syncz"]
    assert len(answer.connections) == 1
    api.errors, api.asked = [LOST], []
    (answer,) = ask_once(api, find_istiods(api, "istio-system"), 4.0)
    assert (answer.istiod.problem, api.asked) == ("The connection was lost.", ["/debug/syncz"])


def test_does_not_ask_again_for_a_version_that_is_known() -> None:
    api = cluster()
    known = ask(api).istiod
    api.asked.clear()
    assert ask_all(api, [known])[0].istiod.version == "1.30.4"
    assert api.asked == ["/debug/syncz"]


@pytest.mark.parametrize("status", [0, 500, 503])
def test_a_connection_that_was_lost_is_tried_for_once_more(status: int) -> None:
    api = cluster()
    api.errors = [ApiError("The connection was lost.", status=status)]
    assert [connection.key for connection in ask(api).connections] == ["shop/web-1"]
    api.errors = [LOST, LOST]
    assert ask(api).istiod.problem == "The connection was lost."


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_final(status: int) -> None:
    api = cluster()
    api.errors = [ApiError("Grant pods/portforward.", status=status)]
    answer = ask(api)
    assert (answer.connections, answer.istiod.problem) == ((), "Grant pods/portforward.")
    assert answer.istiod.version == "1.30.4"
    assert api.asked.count("/debug/syncz") == 1


@pytest.mark.parametrize(
    ("status", "tries"),
    [
        pytest.param(403, 1, id="refused"),
        pytest.param(404, 1, id="no such pod"),
        pytest.param(500, 2, id="lost"),
    ],
)
def test_a_port_forward_that_is_refused_is_final(
    status: int, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, tried = cluster(), []

    def refuse(pod: str, *_arguments: Any, **_settings: Any) -> None:
        tried.append(pod)
        raise ApiError("It cannot be reached.", status=status)

    monkeypatch.setattr(api, "pod_port", refuse)
    assert ask(api).istiod.problem == "It cannot be reached."
    assert tried == ["istiod-a"] * tries


def test_an_answer_that_is_no_list_of_proxies_is_a_problem() -> None:
    api = cluster()
    api.pod_answers[SYNCZ] = b"You need a token"
    answer = ask(api)
    assert answer.connections == ()
    assert str(answer.istiod.problem).startswith("its /debug/syncz is not the JSON that Istio")


def test_a_version_that_is_refused_is_unknown_and_no_problem() -> None:
    api = cluster()
    api.pod_answers[VERSION] = ApiError("It was answered 500.", status=500)
    answer = ask(api)
    assert (answer.istiod.version, answer.istiod.problem) == (None, None)
    assert len(answer.connections) == 1


def test_a_connection_that_is_lost_while_the_version_is_asked_for_is_tried_for_again() -> None:
    api = cluster()
    api.pod_answers[VERSION] = LOST
    answer = ask(api)
    assert (answer.istiod.problem, answer.connections) == ("The connection was lost.", ())
    assert api.asked == ["/version", "/version"]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        pytest.param("1.30.4-9739e10eb9d7-Clean", "1.30.4", id="a release"),
        pytest.param("1.31.0-rc.0-9739e10eb9d7-Clean\n", "1.31.0-rc.0", id="a preview"),
        pytest.param("1.30.4-9739e10-dirty-Modified", "1.30.4", id="changed by hand"),
        pytest.param("unknown", None, id="not built as a release"),
    ],
)
def test_read_version(text: str, version: str | None) -> None:
    assert read_version(text) == version


def answer_of(name: str, sent_time: str) -> Answer:
    entry = istiods.entry("web-1.shop", sent_time=sent_time)
    connection = Connection.from_object(entry)
    istiod = Istiod.from_object(istiods.pod(name, None))
    assert connection is not None
    assert istiod is not None
    return Answer(istiod=istiod, connections=(connection,))


@pytest.mark.parametrize(
    ("times", "where"),
    [
        pytest.param(("08:00:01", "08:00:02"), "istiod-1", id="the second is newer"),
        pytest.param(("08:00:02", "08:00:01"), "istiod-0", id="the first is newer"),
    ],
)
def test_a_proxy_is_where_it_was_last_sent_something(times: tuple[str, str], where: str) -> None:
    answers = [
        answer_of(f"istiod-{number}", f"2026-05-04T{time}Z") for number, time in enumerate(times)
    ]
    found = newest([*answers, Answer(istiod=answers[0].istiod)])
    assert {key: istiod.name for key, (istiod, _connection) in found.items()} == {
        "shop/web-1": where
    }
