# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _web
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._gate import Sample
from ansible_collections.meshwright.istio.plugins.module_utils._probe import (
    OPTIONS,
    Probe,
    ProbeSource,
)
from ansible_collections.meshwright.istio.tests.unit.support.stub_server import Answer, serving

NOW = datetime(2026, 2, 3, tzinfo=UTC)


def probe(**given: Any) -> Probe:
    defaults = {name: option.get("default") for name, option in OPTIONS.items()}
    return Probe.from_params(
        {**defaults, "name": "home", "url": "http://a", "timeout": 60, **given}
    )


def look(answer: Answer, **given: Any) -> Sample:
    with serving(answer) as stub:
        [sample] = ProbeSource(probe(url=f"{stub.url}/x", **given)).look(NOW)
        assert (sample.time, sample.check, sample.object) == (NOW, "home", f"{stub.url}/x")
        return sample


@pytest.mark.parametrize(
    ("answer", "given"),
    [
        pytest.param(Answer(), {}, id="200"),
        pytest.param(Answer(204), {"expect": [200, 204]}, id="another status that is right"),
        pytest.param(Answer(body=b"all is well"), {"body_contains": "is w"}, id="the text"),
        pytest.param(Answer(302), {"expect": [302]}, id="a redirect that is right"),
    ],
)
def test_right_answer_is_good(answer: Answer, given: dict[str, Any]) -> None:
    sample = look(answer, **given)
    assert (sample.ok, sample.value) == (True, answer.status)
    assert re.match(rf"{answer.status} in \d+\.\d+ s", sample.text)


@pytest.mark.parametrize(
    ("answer", "given", "said"),
    [
        pytest.param(Answer(503), {}, "s, and 200 is expected", id="another status"),
        pytest.param(Answer(), {"expect": [201, 202]}, "and 201 or 202 is expected", id="200"),
        pytest.param(
            Answer(302, headers={"Location": "/login"}), {}, "it redirects to /login", id="redirect"
        ),
        pytest.param(Answer(body=b"ill"), {"body_contains": "well"}, "s without 'well'", id="text"),
    ],
)
def test_wrong_answer_is_bad(answer: Answer, given: dict[str, Any], said: str) -> None:
    sample = look(answer, **given)
    assert (sample.ok, sample.value) == (False, answer.status)
    assert sample.text.endswith(said)


def test_no_answer_is_bad_and_not_unmeasured() -> None:
    [sample] = ProbeSource(probe(url="http://127.0.0.1:1")).look(NOW)
    assert (sample.ok, sample.value, sample.text) == (False, None, "Connection refused")


def test_text_is_looked_for_where_the_answer_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_web, "_LARGEST", 4)
    sample = look(Answer(body=b"all is well"), body_contains="well")
    assert sample.ok is False
    assert sample.text.endswith("in its first mebibyte")


def test_request_is_sent_as_asked() -> None:
    with serving(Answer()) as stub:
        given = {"headers": {"Host": "shop.test"}, "secret_headers": {"X-Key": "k"}}
        ProbeSource(probe(url=f"{stub.url}/y?z=1", method="POST", **given)).look(NOW)
        [asked] = stub.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/y?z=1", b"")
    assert (asked.header("Host"), asked.header("X-Key")) == ("shop.test", "k")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"url": "a/b"}, "probes[home].url: got 'a/b'", id="no URL"),
        pytest.param({"expect": []}, "probes[home].expect: got []", id="no status"),
        pytest.param({"expect": [200, 20]}, "probes[home].expect: got [200, 20]", id="no such"),
        pytest.param({"timeout": 0}, "probes[home].timeout: got 0", id="no time"),
        pytest.param({"headers": {"a:": "b"}}, "probes[home].headers: 'a:'", id="header"),
        pytest.param({"secret_headers": {"a": "\r"}}, "[home].secret_headers: 'a'", id="secret"),
        pytest.param({"body_contains": "a", "method": "HEAD"}, "method HEAD", id="text of a HEAD"),
    ],
)
def test_probe_that_makes_no_sense_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError) as caught:
        probe(**given)
    assert message in caught.value.message


def test_authorities_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(BadInputError, match=r"^probes\[home\]\.ca_cert: '/no/file' cannot be used"):
        ProbeSource(probe(ca_cert="/no/file"))


def test_headers_are_not_shown() -> None:
    assert "sesame" not in repr(probe(secret_headers={"A": "sesame"}))
