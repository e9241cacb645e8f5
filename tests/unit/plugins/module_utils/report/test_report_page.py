# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils.report import style
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.markup import el
from ansible_collections.meshwright.istio.plugins.module_utils.report.page import page
from ansible_collections.meshwright.istio.tests.unit.support import upgrades
from ansible_collections.meshwright.istio.tests.unit.support.pages import Reader

SECTIONS = [
    *("timeline", "gates", "drained", "workloads", "findings", "before-after", "way-back"),
    *("log", "unknown"),
]
ALL = ("gone_well", "taken_back", "cut_off", "approved_overnight", "large", "hostile")


def made(journal: Any, **data: Any) -> str:
    return page(Facts.read("oslo", journal, data), "report.json")


@pytest.fixture(scope="module", params=ALL)
def whole(request: pytest.FixtureRequest) -> str:
    return made(getattr(upgrades, request.param)())


def test_every_section_is_there_once_and_linked(whole: str) -> None:
    read = Reader(whole)
    assert [each for each in read.ids() if not each.endswith("-title")] == SECTIONS
    links = [str(each["href"]) for tag, each in read.attributes if tag == "a"]
    assert set(links) - {"report.json"} == {f"#{name}" for name in SECTIONS}
    assert len(read.ids()) == len(set(read.ids()))


def test_nothing_is_fetched_and_nothing_runs(whole: str) -> None:
    read = Reader(whole)
    loading = {"script", "link", "img", "iframe", "object", "embed", "image", "use", "base", "form"}
    assert not loading & read.tags.keys()
    names = {name for _tag, each in read.attributes for name in each}
    assert not [name for name in names if name.startswith("on") or name in ("src", "style")]
    assert not re.search(r"url\(|@import|https?://(?!shop\.example)", style.sheet())
    (policy,) = [each["content"] for _tag, each in read.attributes if "http-equiv" in each]
    assert str(policy).startswith("default-src 'none'; style-src 'sha256-")


def test_tables_and_drawings_speak_to_who_cannot_see_them(whole: str) -> None:
    read = Reader(whole)
    assert read.tags["table"] == read.tags["caption"]
    heads = [each for tag, each in read.attributes if tag == "th"]
    assert all(each["scope"] == "col" for each in heads)
    drawings = [
        each
        for tag, each in read.attributes
        # The curve of the requests is a drawing inside of one.
        if tag == "svg" and "preserveaspectratio" not in each
    ]
    assert all(("aria-label" in each) != ("aria-hidden" in each) for each in drawings)
    assert (read.tags["h1"], read.tags["html"]) == (1, 1)


def test_texts_of_a_cluster_stay_texts() -> None:
    read = Reader(made(upgrades.hostile()))
    assert "<script>document.title='owned'</script><img src=x onerror=alert(1)>" in read.text
    assert "</style></script>" in read.text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", read.text)


def test_of_an_upgrade_that_never_began_only_the_reason_is_told() -> None:
    read = Reader(made({}, **upgrades.not_begun()))
    sections = [each for each in read.ids() if not each.endswith("-title")]
    assert sections == ["findings", "way-back", "unknown"]
    assert "Add a node, or lower the requests of istiod." in read.text
    assert "Nothing was moved, so there is nothing to go back from." in read.text


@pytest.mark.parametrize("journal", [None, {}, {"phase": "opened"}, {"history": 1}, "text"])
def test_hardly_anything_on_record_is_a_page_all_the_same(journal: Any) -> None:
    assert "What this report does not know" in Reader(made(journal)).text


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        pytest.param(
            "gone_well",
            [
                "55 pods were drained. 90 requests were open when they had left their Services, 0",
                "Failures0 failed",
                "warn both_labels",
                "1-29 (1.29.1), and 1-28 (1.28.3) until it is removed",
                "upgrade_canary -e canary_version=1.28.3 -e canary_revision=1-28",
                "retire_old_revision -e canary_old_revision=1-28",
                "Nothing that it should have known is missing.",
            ],
            id="gone well",
        ),
        pytest.param(
            "taken_back",
            [
                "What went wrong in wave 2 at 2026-06-09 14:00:45 UTC",
                "The gate in wave 2 did not hold: 0.0480, more than 0.004",
                "failed after 55 s",
                "68 failed",
                "Everything is as it was: on 1-28 (1.28.3).",
                "not begun",
            ],
            id="taken back",
        ),
        pytest.param(
            "cut_off",
            [
                "no end on record",
                "without an end or an error",
                "Nobody measured them",
                "its findings are not on record",
                "ansible-playbook meshwright.istio.roll_back",
            ],
            id="cut off",
        ),
        pytest.param("approved_overnight", ["15 h 4 min of rest, drawn shorter"], id="overnight"),
        pytest.param(
            "large", ["All drained pods (401)", "201none failed", "2of 995 open"], id="large"
        ),
    ],
)
def test_says(name: str, sentences: list[str]) -> None:
    text = Reader(made(getattr(upgrades, name)())).text
    assert [each for each in sentences if each not in text] == []


def test_a_failure_that_was_overcome_is_told_as_such() -> None:
    failure = {"message": "No room.", "wave": 1, "time": "2026-06-09T13:59:00Z"}
    text = Reader(made(upgrades.gone_well(), failure=failure)).text
    assert "An earlier run failed; a later one went on in wave 1" in text
    assert "What can be done now" not in text


def test_a_folded_table_is_open_where_it_is_short() -> None:
    read = Reader(made(upgrades.gone_well()))
    folded = [each for tag, each in read.attributes if tag == "details"]
    assert {"open" in each for each in folded} == {True, False}


@pytest.mark.parametrize(
    ("palette", "ground", "ink"),
    [
        pytest.param(palette, ground, ink, id=f"{name}, {ink} on {ground}")
        for name, palette in (("light", style.LIGHT), ("dark", style.DARK))
        for ground in ("page", "paper")
        for ink in ("ink", "soft", "good", "bad", "warn")
    ],
)
def test_every_text_can_be_read(palette: dict[str, str], ground: str, ink: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    lights = sorted((_luminance(palette[name]) for name in (ground, ink)), reverse=True)
    assert (lights[0] + 0.05) / (lights[1] + 0.05) >= 4.5


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_an_element_escapes_what_it_is_given() -> None:
    made = el("p", "<b>&", el("i", 1), [None, "x"], title='a"b<', hidden=True, lang=None, x=1.25)
    assert str(made) == ('<p title="a&quot;b&lt;" hidden x="1.25">&lt;b&gt;&amp;<i>1</i>x</p>')
