# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _web
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._web import (
    NoAnswerError,
    Reply,
    Web,
)
from ansible_collections.meshwright.istio.tests.unit.support import raw_server
from ansible_collections.meshwright.istio.tests.unit.support.raw_server import ANSWER, speaking
from ansible_collections.meshwright.istio.tests.unit.support.stub_server import Answer, serving

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def send(url: str, *, timeout: float = 60, **settings: Any) -> Reply:
    web = Web(**{"verify": True, "ca_cert": None, "option": "o", **settings})
    return web.send("GET", url, headers={"X-One": "1"}, timeout=timeout)


def test_answer_is_read() -> None:
    with serving(Answer(418, b"teapot")) as stub:
        reply = send(f"{stub.url}/tea?milk=no")
        [asked] = stub.asked
    assert (reply.status, reply.body, reply.whole) == (418, b"teapot", True)
    assert (asked.method, asked.path, asked.header("X-One")) == ("GET", "/tea?milk=no", "1")
    assert asked.header("Connection") == "close"


def test_redirect_is_an_answer() -> None:
    with serving(Answer(302, headers={"Location": "/login"})) as stub:
        reply = send(stub.url)
        assert (reply.status, reply.location, len(stub.asked)) == (302, "/login", 1)


def test_busy_server_is_asked_once() -> None:
    with serving(Answer(503)) as stub:
        assert send(stub.url).status == 503
        assert len(stub.asked) == 1


def test_no_connection_is_used_again() -> None:
    """The stub closes each without saying so: one that was kept would fail now and then."""
    web = Web(verify=True, ca_cert=None, option="o")
    with serving(Answer()) as stub:
        replies = [web.send("GET", stub.url, headers={}, timeout=60) for _number in range(100)]
    assert [reply.status for reply in replies] == [200] * 100


def test_server_that_says_nothing_is_given_up() -> None:
    with (
        speaking(b"", pause=60) as url,
        pytest.raises(NoAnswerError, match=r"no answer within 0\.05 s"),
    ):
        send(url, timeout=0.05)


def test_answer_that_never_ends_is_given_up() -> None:
    """Each piece comes in time, and the whole does not."""
    with (
        speaking(HEAD, *[b"1\r\nx\r\n"] * 40, pause=0.03) as url,
        # On a machine that is busy, a piece may be late too.
        pytest.raises(NoAnswerError, match=r"in time|no answer within 0\.1 s"),
    ):
        send(url, timeout=0.1)


def test_answer_of_any_size_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_web, "_LARGEST", 10)
    with serving(Answer(body=b"0123456789a"), Answer(body=b"0123456789")) as stub:
        large, small = send(stub.url), send(stub.url)
    assert (large.body, large.whole) == (b"0123456789", False)
    assert (small.body, small.whole) == (b"0123456789", True)


def test_answer_that_breaks_off_is_none() -> None:
    broken = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"
    with speaking(broken) as url, pytest.raises(NoAnswerError, match="IncompleteRead"):
        send(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("http://127.0.0.1:1", "Connection refused", id="nobody listens"),
        pytest.param("http://no-such-host.invalid", "not known|resolution", id="no such host"),
        pytest.param("http://a..b", "a\\.\\.b", id="no name of a host"),
    ],
)
def test_server_that_is_not_there_is_told_without_our_own_objects(url: str, said: str) -> None:
    with pytest.raises(NoAnswerError, match=said) as caught:
        send(url)
    assert "urllib3" not in str(caught.value)
    assert "HTTPConnection" not in str(caught.value)


def test_certificate_has_to_be_trusted(tmp_path: Path) -> None:
    made = raw_server.make_certificate(tmp_path)
    with speaking(ANSWER, tls=made) as url:
        with pytest.raises(NoAnswerError, match="certificate verify failed"):
            send(url)
        assert send(url, ca_cert=str(made.cert)).body == b"ok"
        assert send(url, verify=False).body == b"ok"


def test_name_in_the_certificate_has_to_be_right(tmp_path: Path) -> None:
    made = raw_server.make_certificate(tmp_path)
    with speaking(ANSWER, tls=made) as url, pytest.raises(NoAnswerError, match="localhost"):
        send(url.replace("127.0.0.1", "localhost"), ca_cert=str(made.cert))


@pytest.mark.parametrize(
    "content", [pytest.param(None, id="no file"), pytest.param("no PEM", id="another format")]
)
def test_authorities_that_cannot_be_read_are_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(BadInputError, match=f"o: '{file}' cannot be used"):
        Web(verify=True, ca_cert=str(file), option="o")


def _check_header(name: str, value: str) -> object:
    return _web.check_headers("o", {name: value})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(lambda: _web.check_url("o", "host:80"), "o: got 'host:80'", id="no scheme"),
        pytest.param(lambda: _web.check_url("o", "ftp://a"), "right is http", id="other scheme"),
        pytest.param(lambda: _web.check_url("o", "http://:80"), "right is http", id="no host"),
        pytest.param(lambda: _web.check_url("o", "http://a:x"), "right is http", id="no port"),
        pytest.param(lambda: _web.check_url("o", "http://a:99999"), "right is", id="high port"),
        pytest.param(lambda: _web.check_url("o", "http://[a"), "right is http", id="half address"),
        pytest.param(lambda: _web.check_url("o", "http://a b"), "right is http", id="a space"),
        pytest.param(
            lambda: _check_header("a b", "c"), "o: 'a b' or its value", id="header's name"
        ),
        pytest.param(
            lambda: _check_header("", "c"), "o: '' or its value", id="no name of a header"
        ),
        pytest.param(lambda: _check_header("A", "key\n"), "o: 'A' or its", id="line break"),
        pytest.param(lambda: _check_header("A", "kéy"), "o: 'A' or its", id="not ASCII"),
    ],
)
def test_what_cannot_be_sent_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(BadInputError) as caught:
        call()
    assert message in caught.value.message


def test_passwords_are_refused_and_not_repeated() -> None:
    for url in ("http://me:sesame@a", "http://sesame@a"):
        with pytest.raises(BadInputError, match="user name or password") as caught:
            _web.check_url("o", url)
        assert "sesame" not in caught.value.message
    with pytest.raises(BadInputError) as caught:
        _web.check_headers("o", {"Authorization": "sesame\n"})
    assert "sesame" not in caught.value.message


def test_right_urls_and_headers_pass() -> None:
    for url in ("http://a", "https://a.b:8443/c?d=e", "http://[::1]:90/"):
        assert _web.check_url("o", url) == url
    assert _web.check_headers("o", None) == {}
    assert _web.check_headers("o", {"X-Count": 3, "Host": "shop"}) == {
        "X-Count": "3",
        "Host": "shop",
    }
