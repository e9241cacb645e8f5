# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _http
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._kubeconfig import (
    Connection,
)
from ansible_collections.meshwright.istio.tests.unit.support import admission
from ansible_collections.meshwright.istio.tests.unit.support.stub_server import (
    Answer,
    StubServer,
    serving,
)


@pytest.fixture(autouse=True)
def _no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without waiting: how long to wait is urllib3's business."""
    monkeypatch.setattr("urllib3.util.retry.time.sleep", lambda _seconds: None)


@pytest.fixture
def busy_then_fine() -> Iterator[StubServer]:
    with serving(
        Answer(429, headers={"Retry-After": "1"}), Answer(503), Answer(500), Answer(200, {"ok": 1})
    ) as stub:
        yield stub


def client(stub: StubServer, **settings: object) -> _http.Http:
    return _http.Http(Connection(server=stub.url, **settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["GET", "PATCH", "POST"])
def test_request_is_sent_again_when_the_server_is_busy(
    busy_then_fine: StubServer, method: str
) -> None:
    assert client(busy_then_fine).json(method, "/x", body={"a": 1}) == {"ok": 1}
    assert [asked.json for asked in busy_then_fine.asked] == [{"a": 1}] * 4


def test_429_is_an_answer_when_the_caller_wants_it() -> None:
    """Also where it says when to ask again, as the API server does for an eviction."""
    answer = Answer(429, {"message": "disruption budget"}, {"Retry-After": "10"})
    with serving(answer) as stub:
        with pytest.raises(ApiError, match="disruption budget") as caught:
            client(stub).request("POST", "/evict", body={}, retry_429=False)
        assert len(stub.asked) == 1
    assert caught.value.status == 429


def test_a_request_with_a_time_is_sent_once() -> None:
    with serving(Answer(503, {"message": "busy"}, {"Retry-After": "1"})) as stub:
        with pytest.raises(ApiError, match="503: busy"):
            client(stub).request("PATCH", "/x", body={}, seconds=5.0)
        assert len(stub.asked) == 1


def test_a_request_with_a_time_waits_no_longer_for_its_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        http = _http.Http(Connection(server=f"http://127.0.0.1:{silent.getsockname()[1]}"))
        began = time.monotonic()
        with pytest.raises(ApiError, match="cannot be reached") as caught:
            http.request("PATCH", "/x", body={}, seconds=0.5)
    assert 0.4 < time.monotonic() - began < 10
    assert caught.value.status == 0


def test_server_that_stays_busy_is_an_error_with_its_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_http, "_RETRIES", 2)
    with serving(Answer(500, {"message": "etcd is away", "reason": "InternalError"})) as stub:
        with pytest.raises(ApiError, match="500: etcd is away") as caught:
            client(stub).json("GET", "/x")
        assert len(stub.asked) == 3
    assert caught.value.reason == "InternalError"


def test_server_that_is_away_is_named_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "_RETRIES", 1)
    with serving(Answer()) as stub:
        gone = stub.url
    with pytest.raises(ApiError, match=rf"{gone} cannot be reached.*kubeconfig") as caught:
        _http.Http(Connection(server=gone)).json("GET", "/x")
    assert caught.value.status == 0


def test_expired_login_is_renewed_once() -> None:
    tokens = iter(["Bearer old", "Bearer new"])
    with serving(Answer(401), Answer(200, {"ok": 1})) as stub:
        http = client(stub, authorization=lambda: next(tokens))
        assert http.json("GET", "/x") == {"ok": 1}
        assert [asked.header("Authorization") for asked in stub.asked] == [
            "Bearer old",
            "Bearer new",
        ]


@pytest.mark.parametrize(
    ("status", "said", "hint"),
    [
        pytest.param(401, "Unauthorized", " The login has expired", id="login"),
        pytest.param(403, admission.NO_RIGHT, " Grant this right", id="right"),
        pytest.param(403, 'forbidden: User "x" cannot get path "/x"', " Grant this", id="path"),
        pytest.param(
            403, "is attempting to grant RBAC permissions not currently held", " Grant", id="more"
        ),
        pytest.param(403, admission.SIDECAR, "", id="Pod Security"),
        pytest.param(403, "exceeded quota: all", "", id="quota"),
        pytest.param(403, 'admission webhook "x" denied the request: no', "", id="webhook"),
    ],
)
def test_refusal_says_what_to_do(status: int, said: str, hint: str) -> None:
    with (
        serving(Answer(status, {"message": said, "reason": "R"})) as stub,
        pytest.raises(ApiError) as caught,
    ):
        client(stub).json("GET", "/x")
    rest = caught.value.message.partition(f"{said}.")[2]
    assert rest.startswith(hint) if hint else rest == ""


def test_answer_that_is_not_json_is_quoted() -> None:
    with (
        serving(Answer(404, b"<h1>proxy</h1>")) as stub,
        pytest.raises(ApiError, match="<h1>proxy</h1>"),
    ):
        client(stub).json("GET", "/x")


def test_header_may_stand_more_than_once() -> None:
    groups = (("Impersonate-Group", "blue"), ("Impersonate-Group", "green"))
    with serving(Answer()) as stub:
        client(stub, headers=groups).json("GET", "/x")
        sent = [pair for pair in stub.asked[0].headers if pair[0] == "Impersonate-Group"]
    assert tuple(sent) == groups


def test_events_are_read_across_pieces_and_end_with_the_connection() -> None:
    lines = b'{"type":"ADDED","object":{"a":1}}\n{"type":"DELETED","object":{"a":2}}\n{"ty'
    with serving(Answer(200, lines)) as stub:
        assert list(client(stub).events("/w", {"watch": "true"})) == [
            ("ADDED", {"a": 1}),
            ("DELETED", {"a": 2}),
        ]
        assert stub.asked[0].path == "/w?watch=true"


def test_open_watches_do_not_keep_other_requests_from_being_sent() -> None:
    """As many as a restart has over some namespaces; each holds its connection."""
    with serving(Answer(200, {"ok": 1})) as stub:
        http = client(stub)
        watches = [http.request("GET", "/w", stream=True) for _number in range(20)]
        asking = threading.Thread(target=http.json, args=("GET", "/x"), daemon=True)
        asking.start()
        # Long for a machine that is busy; it matters only where it has to wait.
        asking.join(60)
        has_to_wait = asking.is_alive()
        for watch in watches:
            watch.close()
    assert not has_to_wait


def test_a_server_may_lie_below_a_path() -> None:
    """As behind Rancher, where each cluster is a path of one host."""
    with serving(Answer(200, {"ok": 1})) as stub:
        below = _http.Http(Connection(server=f"{stub.url}/k8s/clusters/c-1"))
        below.json("GET", "/api/v1/pods", query={"limit": "5"})
    assert [asked.path for asked in stub.asked] == ["/k8s/clusters/c-1/api/v1/pods?limit=5"]


def test_a_proxy_is_told_the_whole_address() -> None:
    server = "http://api.example.com:6443/below"
    with serving(Answer(503), Answer(200, {"ok": 1})) as stub:
        through = _http.Http(
            Connection(server=server, proxy=stub.url, proxy_headers={"X-Who": "me"})
        )
        assert through.json("GET", "/version") == {"ok": 1}
    assert [asked.path for asked in stub.asked] == [f"{server}/version"] * 2
    assert {asked.header("X-Who") for asked in stub.asked} == {"me"}


def test_a_proxy_is_told_the_login_of_its_address() -> None:
    with serving(Answer(200, {"ok": 1})) as stub:
        url = stub.url.replace("//", "//me:w%40rd@")
        _http.Http(Connection(server="http://api.test", proxy=url)).json("GET", "/version")
    assert stub.asked[0].header("Proxy-Authorization") == "Basic bWU6d0ByZA=="


def test_a_header_may_stand_twice() -> None:
    groups = (("Impersonate-Group", "a"), ("Impersonate-Group", "b"))
    with serving(Answer(200, {"ok": 1})) as stub:
        client(stub, headers=groups).json("GET", "/x")
    (asked,) = stub.asked
    told = [value for name, value in asked.headers if name == "Impersonate-Group"]
    assert ", ".join(told) == "a, b"
