# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils.report.item import Item

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def item(**value: Any) -> Item:
    return Item.of(value, "here", [])


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        pytest.param("text", "a", "a", id="a text"),
        pytest.param("text", 1.3, "1.3", id="a number where a text is wanted"),
        pytest.param("text", " \x1b[31mred\x1b[0m\x00\u202e ", "red", id="control characters"),
        pytest.param("text", "\x07", None, id="nothing but control characters"),
        pytest.param("number", "0.5", 0.5, id="a number as a text"),
        pytest.param("count", 3.0, 3, id="a count"),
        pytest.param("time", "2026-03-01T12:00:00Z", NOON, id="a time"),
        pytest.param("time", "2026-03-01T12:00:00", NOON, id="a time without a zone"),
        pytest.param("time", "2026-03-01T13:00:00.0+01:00", NOON, id="a time of elsewhere"),
        pytest.param("flag", False, False, id="a flag"),
        pytest.param("texts", ["a", 1], ("a", "1"), id="texts"),
        pytest.param("counts", {"b": 1, "a": "2"}, {"a": 2, "b": 1}, id="counts"),
    ],
)
def test_reads(kind: str, value: Any, found: Any) -> None:
    given = item(key=value)
    assert getattr(given, kind)("key") == found
    assert given.odd == []


@pytest.mark.parametrize("kind", ["text", "number", "count", "time", "flag", "counts"])
@pytest.mark.parametrize("value", [{}, {"key": None}])
def test_what_is_missing_is_none_and_no_complaint(kind: str, value: dict[str, Any]) -> None:
    given = item(**value)
    assert getattr(given, kind)("key") is None
    assert given.odd == []


@pytest.mark.parametrize(
    ("kind", "value", "right"),
    [
        pytest.param("text", ["a"], "a text", id="a list for a text"),
        pytest.param("text", True, "a text", id="a flag for a text"),
        pytest.param("number", "many", "a number", id="words for a number"),
        pytest.param("number", "nan", "a number", id="not a number"),
        pytest.param("number", True, "a number", id="a flag for a number"),
        pytest.param("count", -1, "a number from 0", id="a negative count"),
        pytest.param("time", "noon", "a time such as", id="words for a time"),
        pytest.param("time", "0001-01-01T00:00:00+14:00", "a time such", id="before all time"),
        pytest.param("time", "9999-12-31T23:59:59-14:00", "a time such", id="after all time"),
        pytest.param("number", 1e308, "a number", id="more than there is"),
        pytest.param("flag", "yes", "true or false", id="words for a flag"),
        pytest.param("texts", "a", "a list", id="a text for a list"),
        pytest.param("items", {"a": 1}, "a list", id="a mapping for a list"),
        pytest.param("item", "a", "a mapping", id="a text for a mapping"),
        pytest.param("counts", {"a": "many"}, "a number", id="words among counts"),
    ],
)
def test_what_cannot_be_read_is_told_and_not_guessed(kind: str, value: Any, right: str) -> None:
    given = item(key=value)
    found = getattr(given, kind)("key")
    assert not (found.value if isinstance(found, Item) else found)
    (sentence,) = given.odd
    assert sentence.startswith("here.key")
    assert f"right is {right}" in sentence


def test_the_place_is_told_in_nested_values_and_a_long_value_is_cut() -> None:
    given = item(waves=[{}, {"started": "x" * 100}])
    assert [each.time("started") for each in given.items("waves")] == [None, None]
    assert given.odd == [
        f"here.waves[1].started could not be read: got '{'x' * 60}...'; right is a time such as"
        " 2026-05-04T08:00:00Z."
    ]
