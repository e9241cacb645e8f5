# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _port_forward
from ansible_collections.meshwright.istio.plugins.module_utils._client import Client
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
    MeshError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._kubeconfig import Connection
from ansible_collections.meshwright.istio.tests.unit.support.stub_server import Answer, serving

PORT = 15014
OPENED = (b"\x00" + struct.pack("<H", PORT), b"\x01" + struct.pack("<H", PORT))


def forwarded(*frames: bytes) -> tuple[bytes, bytes, str]:
    """What the module gets, what the pod was sent, and the path of the port-forward."""
    with serving(Answer(frames=[*OPENED, *frames])) as stub:
        connection = Connection(server=stub.url, authorization=lambda: "Bearer t")
        body = Client(connection).pod_get("p", "n", port=PORT, path="/debug/syncz")
        upgrade, frame = stub.asked if stub.asked[0].method == "GET" else stub.asked[::-1]
        assert upgrade.header("Authorization") == "Bearer t"
        return body, frame.body, upgrade.path


def test_answer_is_put_together_from_pieces() -> None:
    body, sent, path = forwarded(
        b"\x00HTTP/1.1 200 OK\r\nContent-Le", b"\x00ngth: 6\r\n\r\nab", b"\x00cdef"
    )
    assert body == b"abcdef"
    assert sent.startswith(b"\x00GET /debug/syncz HTTP/1.1\r\n")
    assert path == "/api/v1/namespaces/n/pods/p/portforward?ports=15014"


def test_chunked_answer_is_read_to_its_end() -> None:
    head = b"\x00HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    body, _sent, _path = forwarded(head + b"3\r\nabc\r\n", b"\x002\r\nde\r\n0\r\n\r\n")
    assert body == b"abcde"


def test_answer_can_be_read_while_it_comes() -> None:
    head = b"\x00HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    frames = [*OPENED, head + b"3\r\nabc\r\n", b"\x005\r\nde"]
    with serving(Answer(frames=frames)) as stub:
        pieces = _pieces(Client(Connection(server=stub.url)))
        assert next(pieces) == b"abc"
        with pytest.raises(ApiError, match=r"Port 15014 of pod n/p.*cannot be reached"):
            list(pieces)


def _pieces(client: Client) -> Iterator[bytes]:
    with client.pod_port("p", "n", port=PORT) as port, port.open("/") as body:
        while piece := body.read1(100):
            yield piece


@pytest.mark.parametrize(
    "status", [pytest.param(b"200 OK", id="answered"), pytest.param(b"404 Not", id="refused")]
)
def test_one_connection_is_asked_again(status: bytes) -> None:
    first = b"\x00HTTP/1.1 " + status + b"\r\nContent-Length: 4\r\n\r\nnone"
    second = b"\x00HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"
    with serving(Answer(frames=[*OPENED, first, None, second])) as stub:
        client = Client(Connection(server=stub.url))
        with client.pod_port("p", "n", port=PORT) as port:
            with suppress(ApiError), port.open("/version") as body:
                assert body.read() == b"none"
            with port.open("/debug/syncz", "POST") as body:
                assert body.read() == b"ab"
        sent = [each.body[:16] for each in stub.asked if each.method == "FRAME"]
    assert sent == [b"\x00GET /version HT", b"\x00POST /debug/syn"]


def test_error_of_the_kubelet_is_told() -> None:
    with pytest.raises(ApiError, match=r"Port 15014 of pod n/p.*connection refused"):
        forwarded(b"\x01dial tcp 127.0.0.1:15014: connection refused")


def test_answer_that_breaks_off_is_an_error() -> None:
    with pytest.raises(ApiError, match="cannot be reached"):
        forwarded(b"\x00HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\nab")


def test_refusal_inside_the_pod_is_told() -> None:
    answer = b"\x00HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(ApiError, match="answered 401 Unauthorized"):
        forwarded(answer)


def test_body_of_a_refusal_is_in_the_details() -> None:
    answer = b"\x00HTTP/1.1 400 Bad Request\r\nContent-Length: 6\r\n\r\nreason"
    with pytest.raises(ApiError) as caught:
        forwarded(answer)
    assert caught.value.details["body"] == "reason"


@pytest.mark.parametrize(
    ("status", "message"),
    [
        pytest.param(403, "Grant get and create on pods/portforward", id="no right"),
        pytest.param(404, "no such pod", id="no pod"),
        pytest.param(418, "it answers 418", id="anything else"),
    ],
)
def test_refused_port_forward_says_why(status: int, message: str) -> None:
    with serving(Answer(status)) as stub, pytest.raises(ApiError, match=message):
        Client(Connection(server=stub.url)).pod_get("p", "n", port=1, path="/")


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        pytest.param("//me:w%40rd@", {}, id="address"),
        pytest.param("//", {"proxy-authorization": "Basic bWU6d0ByZA=="}, id="header"),
    ],
)
def test_proxy_is_used_though_the_environment_spares_the_host(
    url: str, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "api.test")
    monkeypatch.setenv("no_proxy", "api.test")
    with serving(Answer(502)) as stub:
        connection = Connection(
            server="http://api.test",
            server_name="kube.test",
            proxy=stub.url.replace("//", url),
            proxy_headers=headers,
        )
        with pytest.raises(ApiError):
            Client(connection).pod_get("p", "n", port=1, path="/")
    (asked,) = stub.asked
    assert (asked.method, asked.path) == ("CONNECT", "api.test:80")
    assert asked.header("Proxy-Authorization") == "Basic bWU6d0ByZA=="


def test_no_proxy_is_used_though_the_environment_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "other.test")
    assert forwarded(b"\x00HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab")[0] == b"ab"


def test_proxy_of_https_is_refused() -> None:
    connection = Connection(server="http://api.test", proxy="https://me:word@proxy.test")
    with pytest.raises(BadInputError, match=r"The proxy proxy\.test cannot be used to reach into"):
        Client(connection).pod_get("p", "n", port=1, path="/")


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_port_forward, "WEBSOCKET_ERROR", ImportError("no websocket"))
    with pytest.raises(MeshError, match="pip install websocket-client"):
        Client(Connection(server="http://127.0.0.1:1")).pod_get("p", "n", port=1, path="/")
