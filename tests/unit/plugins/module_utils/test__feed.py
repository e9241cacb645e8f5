# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: ARG002 - a fake takes what the client takes

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _feed, _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._feed import Feed, Source, scopes
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

Object = dict[str, Any]
Event = tuple[str, Object]
# It matters only when something has failed.
PATIENCE = 60


def config_map(name: str, value: str, version: str = "1") -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "n", "resourceVersion": version},
        "data": {"value": value},
    }


def read(item: Object) -> str:
    return f"{item['kind']} {item['data']['value']}"


SOURCE = Source(kind=_kinds.CONFIG_MAP, namespace="n", read=read)


class Watched(FakeApi):
    """Its watches give what a test puts into `script`: events, errors, or None for their end."""

    def __init__(self, *objects: Object) -> None:
        super().__init__(*objects)
        self.script: queue.SimpleQueue[Event | Exception | None] = queue.SimpleQueue()
        self.asked: list[str] = []
        self.asked_at: list[float] = []

    def watch(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        seconds: int,
    ) -> Iterator[Event]:
        self.asked_at.append(time.monotonic())
        self.asked.append(resource_version)
        while (step := self.script.get(timeout=PATIENCE)) is not None:
            if isinstance(step, Exception):
                raise step
            yield step


class Sink:
    """The records, as the feed hands them over."""

    def __init__(self) -> None:
        self.records: dict[str, Any] = {}

    def reset(self, source: Source, records: Mapping[str, Any]) -> None:
        assert source is SOURCE
        self.records = dict(records)

    def change(self, source: Source, key: str, record: Any) -> None:
        assert source is SOURCE
        self.records[key] = record


class StopError(Exception):
    """Ends the thread of a feed."""


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_feed, "_PAUSE", 0.0)


@pytest.fixture
def api() -> Iterator[Watched]:
    """The watch of a test ends with it."""
    watched = Watched(config_map("a", "old"))
    yield watched
    watched.script.put(StopError())


def following(api: Watched) -> tuple[Feed, Sink]:
    sink = Sink()
    feed = Feed(api, [SOURCE], sink)
    feed.read()
    feed.follow()
    return feed, sink


def wait_until(feed: Feed, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, "what was waited for did not come"
        feed.wait(0.1)


@pytest.mark.parametrize(
    ("namespaces", "expected"),
    [
        pytest.param(None, (None,), id="everything"),
        pytest.param(["a", "b"], ["a", "b"], id="each by itself"),
        pytest.param(["a", "b", "c"], (None,), id="too many"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_scopes(namespaces: list[str] | None, expected: object) -> None:
    assert scopes(namespaces, 2) == expected


def test_read_lists_and_watches_nothing(api: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_feed, "_PAGE", 1)
    api.put(config_map("b", "new"))
    api.put({**config_map("c", "x"), "metadata": {"name": "c", "namespace": "other"}})
    sink = Sink()
    Feed(api, [SOURCE], sink).read()
    assert sink.records == {"n/a": "ConfigMap old", "n/b": "ConfigMap new"}
    assert api.asked == []


def test_hands_over_what_changes_as_records(api: Watched) -> None:
    feed, sink = following(api)
    # An item need not name its kind.
    bare = {key: value for key, value in config_map("b", "new", "7").items() if key != "kind"}
    for event in (
        ("ADDED", bare),
        ("MODIFIED", config_map("a", "changed", "8")),
        ("DELETED", config_map("b", "new", "9")),
    ):
        api.script.put(event)
    wait_until(feed, lambda: sink.records.get("n/b", "") is None)
    assert sink.records == {"n/a": "ConfigMap changed", "n/b": None}


def test_goes_on_where_the_watch_has_ended(api: Watched) -> None:
    feed, sink = following(api)
    bookmark = {"metadata": {"resourceVersion": "900"}}
    for step in (
        ("MODIFIED", config_map("a", "changed", "800")),
        ("BOOKMARK", bookmark),
        None,
        ("MODIFIED", config_map("a", "again", "950")),
    ):
        api.script.put(step)
    wait_until(feed, lambda: bool(sink.records["n/a"] == "ConfigMap again"))
    assert api.asked == ["101", "900"]
    assert api.reads == [("list", "ConfigMap")]


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(("ERROR", {"code": 410}), id="an event says so"),
        pytest.param(ApiError("too old", status=410), id="the answer says so"),
    ],
)
def test_lists_again_when_the_version_is_too_old(api: Watched, step: Event | Exception) -> None:
    feed, sink = following(api)
    api.put(config_map("b", "missed"))
    api.remove(_kinds.CONFIG_MAP, "a", "n")
    api.script.put(step)
    wait_until(feed, lambda: sink.records == {"n/b": "ConfigMap missed"})
    api.script.put(None)
    wait_until(feed, lambda: len(api.asked) == 3)
    assert api.asked == ["101", "103", "103"]


def test_an_error_is_raised_where_it_is_waited_for(api: Watched) -> None:
    feed, _sink = following(api)
    api.script.put(ApiError("Grant the right to watch.", status=403))
    with pytest.raises(ApiError, match="Grant the right to watch"):
        feed.wait(PATIENCE)


def test_wait_says_whether_anything_came(api: Watched) -> None:
    feed, sink = following(api)
    assert feed.wait(0.01) is False
    assert feed.wait(-1) is False
    api.script.put(("MODIFIED", config_map("a", "changed", "8")))
    assert feed.wait(PATIENCE) is True
    assert sink.records["n/a"] == "ConfigMap changed"


def test_a_kind_without_a_version_is_not_followed(
    api: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "pages", lambda *_arguments, **_options: iter([([], "")]))
    feed, sink = following(api)
    assert feed.wait(0.05) is False
    assert (sink.records, api.asked) == ({}, [])


def test_a_watch_that_ends_at_once_does_not_become_a_storm(
    api: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_feed, "_PAUSE", 0.2)
    for _number in range(3):
        api.script.put(None)
    feed, _sink = following(api)
    wait_until(feed, lambda: len(api.asked) == 4)
    # A machine that is busy makes the pauses longer, and never shorter.
    pauses = [later - earlier for earlier, later in pairwise(api.asked_at)]
    assert min(pauses) >= 0.2
