# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._syncz import (
    Connection,
    Sync,
    parse,
)
from ansible_collections.meshwright.istio.tests.unit.support.istiods import (
    CLUSTERS,
    LISTENERS,
    SENT,
    entry,
    stale,
)

OLD = {
    "proxy": "web-1.shop",
    "istio_version": "1.22.8",
    "cluster_sent": "a",
    "cluster_acked": "a",
    "listener_sent": "b",
}

LDS = frozenset({("LDS", "n")})


def read(**changes: Any) -> Connection:
    connection = Connection.from_object({**entry("web-1.shop"), **changes})
    assert connection is not None
    return connection


def test_reads_what_an_istiod_of_today_says() -> None:
    assert read() == Connection(
        proxy="web-1",
        namespace="shop",
        type="sidecar",
        version="1.30.4",
        sync=Sync.SYNCED,
        sent_at="2026-05-04T08:00:00.25",
    )


@pytest.mark.parametrize(
    ("resources", "sync", "error", "unanswered"),
    [
        pytest.param({LISTENERS: stale("n")}, Sync.STALE, "", LDS, id="sent, not acknowledged"),
        pytest.param({LISTENERS: {"sent": "n"}}, Sync.STALE, "", LDS, id="never acked"),
        pytest.param(
            {CLUSTERS: {}, LISTENERS: {}}, Sync.STALE, "", frozenset(), id="nothing sent yet"
        ),
        pytest.param(
            {CLUSTERS: {"sent": SENT, "acked": SENT}, LISTENERS: {}},
            Sync.SYNCED,
            "",
            frozenset(),
            id="a type of which there is nothing to send",
        ),
        pytest.param(
            {LISTENERS: {**stale("n"), "lastError": "bad filter"}, CLUSTERS: {"lastError": "no"}},
            Sync.REJECTED,
            "LDS: bad filter; CDS: no",
            LDS,
            id="rejected",
        ),
        pytest.param(
            {"type.googleapis.com/x.Other": {"sent": "n"}},
            Sync.STALE,
            "",
            frozenset({("x.Other", "n")}),
            id="a type that is not known by a short name",
        ),
    ],
)
def test_judges_by_what_was_acknowledged(
    resources: dict[str, Any], sync: Sync, error: str, unanswered: frozenset[tuple[str, str]]
) -> None:
    found = read(resources=resources)
    assert (found.sync, found.error, found.unanswered) == (sync, error, unanswered)


def test_reads_the_keys_of_old_istiods() -> None:
    found = Connection.from_object(OLD)
    assert found is not None
    assert (found.sync, found.sent_at, found.type) == (Sync.STALE, "", "sidecar")
    assert found.unanswered == {("LDS", "b")}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"istio_version": "65536.0.0"}, id="a query of istioctl"),
        pytest.param({"resources": {}}, id="a client that watches nothing"),
        pytest.param({"proxy": ""}, id="a client without a name"),
        pytest.param({"proxy": ".shop"}, id="a client with a namespace alone"),
    ],
)
def test_other_clients_are_no_proxies(changes: dict[str, Any]) -> None:
    assert Connection.from_object({**entry("web-1.shop"), **changes}) is None


def test_a_pod_may_have_dots_in_its_name() -> None:
    found = read(proxy="web.v2-1.shop")
    assert (found.namespace, found.proxy, found.key) == ("shop", "web.v2-1", "shop/web.v2-1")


@pytest.mark.parametrize("version", ["", "unknown"])
def test_a_version_that_the_proxy_does_not_tell_is_none(version: str) -> None:
    assert read(istio_version=version).version is None


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        pytest.param("2026-05-04T08:00:00Z", "2026-05-04T08:00:00.1Z", id="a whole second"),
        pytest.param("2026-05-04T08:00:00.1Z", "2026-05-04T08:00:00.15Z", id="more digits"),
        pytest.param("2026-05-04T08:00:00.9Z", "2026-05-04T08:00:01.1Z", id="the next second"),
    ],
)
def test_the_last_time_that_something_was_sent_counts(earlier: str, later: str) -> None:
    first = {"sent": SENT, "acked": SENT, "sentTime": earlier}
    second = {**first, "sentTime": later}
    found = read(resources={CLUSTERS: first, LISTENERS: second})
    assert found.sent_at == later.removesuffix("Z")
    assert read(resources={CLUSTERS: first}).sent_at < found.sent_at


class Pieces(BytesIO):
    """A body that comes in pieces of that size."""

    def __init__(self, body: bytes, size: int) -> None:
        super().__init__(body)
        self._size = size

    def read1(self, _size: int | None = -1, /) -> bytes:
        return super().read1(self._size)


def compact(entries: list[dict[str, Any]]) -> bytes:
    """As an istiod writes it."""
    return json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize("size", [1, 7, 100, 100_000])
@pytest.mark.parametrize("form", ["compact", "indented"])
def test_parse_gives_each_proxy(form: str, size: int) -> None:
    error = 'böse ]},{"'
    rejected = {**entry("b.y"), "resources": {CLUSTERS: {"sent": SENT, "lastError": error}}}
    entries = [entry("a.x"), {**entry("q.x"), "istio_version": "65536.1"}, rejected, entry("c.y")]
    indented = json.dumps(entries, indent=2, ensure_ascii=False).encode()
    found = list(parse(Pieces(compact(entries) if form == "compact" else indented, size)))
    assert [connection.key for connection in found] == ["x/a", "y/b", "y/c"]
    assert found[1].error == f"CDS: {error}"


@pytest.mark.parametrize("size", [1, 100, 100_000])
def test_an_entry_may_hold_a_list_of_objects(size: int) -> None:
    entries = [{"more": [{"a": 1}, {"b": 2}, {"c": 3}], **entry(name)} for name in ("a.x", "b.x")]
    found = list(parse(Pieces(compact(entries), size)))
    assert [connection.key for connection in found] == ["x/a", "x/b"]


def test_parse_gives_a_proxy_as_soon_as_it_is_there() -> None:
    whole = compact([entry("a.x"), entry("b.y")])
    body = Pieces(whole, len(whole) // 2 + 9)
    assert next(parse(body)).key == "x/a"
    assert body.tell() < len(whole)


@pytest.mark.parametrize("size", [1, 100_000])
@pytest.mark.parametrize("body", [b"", b"[]", b" [\n]\n"], ids=["empty", "none", "spaced"])
def test_parse_of_nothing_gives_nothing(body: bytes, size: int) -> None:
    assert list(parse(Pieces(body, size))) == []


@pytest.mark.parametrize("size", [1, 100_000])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"You need a token", id="text"),
        pytest.param(json.dumps([entry("a.x")]).encode()[:-9], id="cut off"),
        pytest.param(b"[null]", id="no objects"),
        pytest.param(b"null", id="no list"),
        pytest.param(b"[\xff]", id="no text"),
        pytest.param(b"[\xc3", id="half a letter"),
    ],
)
def test_parse_refuses_what_is_no_list_of_objects(body: bytes, size: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(parse(Pieces(body, size)))
