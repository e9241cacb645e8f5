# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report in a real browser: it is quiet, it fits, it can be printed, and nothing in it acts."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.page import page
from ansible_collections.meshwright.istio.tests.unit.support import upgrades

from tests.browser import chromium
from tests.browser.chromium import Browser, MissingError, browsing

SECTIONS = [
    "What happened when",
    "Gates",
    "Open requests of drained pods",
    "What moved",
    "Findings",
    "Before and after",
    "How to go back",
    "Log",
    "What this report does not know",
]
REPORTS = ("gone_well", "taken_back", "cut_off", "approved_overnight", "large", "hostile")
WIDTHS = (360, 800, 1400)
_WIDER_THAN_THE_PAGE = """
    const edge = document.documentElement.clientWidth + 0.5
    return [...document.body.querySelectorAll('*')]
        .filter(each => !each.closest('caption') && each.getBoundingClientRect().right > edge)
        .map(each => each.outerHTML.slice(0, 120))
"""


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each kind."""
    folder = tmp_path_factory.mktemp("reports")
    made = {}
    for name in REPORTS:
        made[name] = folder / f"{name}.html"
        facts = Facts.read("paris", getattr(upgrades, name)(), {})
        made[name].write_text(page(facts, f"{name}.json"), encoding="utf-8")
    return made


@pytest.fixture(params=REPORTS)
def opened(request: pytest.FixtureRequest, browser: Browser, reports: dict[str, Path]) -> Browser:
    """A browser that has just opened one of the pages, and remembers nothing before it."""
    browser.console()
    browser.requests()
    browser.show(width=1400)
    browser.open(reports[request.param])
    return browser


def test_the_console_stays_empty_and_nothing_is_asked_for(opened: Browser) -> None:
    opened.run("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert opened.console() == []
    (address,) = opened.requests()
    assert address.startswith("file:///")


def test_every_section_is_there(opened: Browser) -> None:
    script = "return [...document.querySelectorAll('section > h2')].map(each => each.innerText)"
    assert opened.run(script) == SECTIONS


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_page(opened: Browser, width: int, dark: bool) -> None:
    opened.show(width=width, dark=dark)
    opened.run("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert opened.run("return document.documentElement.scrollWidth") == width
    assert opened.run(_WIDER_THAN_THE_PAGE) == []


def test_light_and_dark_differ_and_paper_is_light(
    browser: Browser, reports: dict[str, Path]
) -> None:
    browser.open(reports["gone_well"])
    colours = []
    for dark, paper in ((False, False), (True, False), (True, True)):
        browser.show(width=800, dark=dark, paper=paper)
        colours.append(browser.run("return getComputedStyle(document.querySelector('h1')).color"))
    light, dark_one, paper_one = colours
    assert light == paper_one != dark_one


def test_what_is_folded_on_the_screen_is_printed(
    browser: Browser, reports: dict[str, Path]
) -> None:
    browser.open(reports["large"])
    script = """
        const folded = [...document.querySelectorAll('#workloads details:not([open]) td')]
        return [folded.length > 500, folded.every(each => each.checkVisibility())]
    """
    browser.show(width=800)
    assert browser.run(script) == [True, False]
    browser.show(width=800, paper=True)
    assert browser.run(script) == [True, True]
    assert _pages(browser.pdf(dark=True)) > 5


def _pages(pdf: bytes) -> int:
    """How many pages a PDF has; Chromium packs the list of them."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    texts = [pdf]
    for stream in streams:
        decoder = zlib.decompressobj()
        try:
            texts.append(decoder.decompress(stream))
        except zlib.error:
            continue
    return sum(len(re.findall(rb"/Type\s*/Page\b(?!s)", text)) for text in texts)


def test_texts_of_a_cluster_do_nothing(browser: Browser, reports: dict[str, Path]) -> None:
    browser.open(reports["hostile"])
    title = browser.run("return document.title")
    assert title.startswith("paris: Stopped: fatal: <script>document.title='owned'</script>")
    script = "return document.querySelectorAll('script, img, [onerror], [onmouseover]').length"
    assert browser.run(script) == 0


def test_a_script_in_a_page_would_not_run(browser: Browser, reports: dict[str, Path]) -> None:
    """The page forbids it itself, should a text ever get through; this is seen to work."""
    path = reports["cut_off"].with_name("broken.html")
    text = reports["cut_off"].read_text(encoding="utf-8")
    path.write_text(text.replace("<h1>", "<script>document.title = 'owned'</script><h1>"))
    browser.console()
    browser.open(path)
    assert browser.run("return document.title").startswith("paris: Not finished")
    assert "Content Security Policy" in json.dumps(browser.console())


def test_the_timeline_and_the_charts_share_their_scale(
    browser: Browser, reports: dict[str, Path]
) -> None:
    """A wave's bar ends where the step of the proxies begins that were counted after it."""
    browser.open(reports["gone_well"])
    script = """
        const bars = [...document.querySelectorAll('.track .bar.gate')]
        const steps = [...document.querySelectorAll('.track .version.wanted')]
        return [bars[0].getBoundingClientRect().right, steps[0].getBoundingClientRect().left]
    """
    for width in WIDTHS:
        browser.show(width=width)
        right, left = browser.run(script)
        assert abs(right - left) < 2


def test_a_missing_browser_is_a_failure_that_names_the_packages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chromium.shutil, "which", lambda _name: None)
    monkeypatch.setattr(chromium, "install_debian_packages", lambda *_names: False)
    with pytest.raises(MissingError, match="apt install chromium chromium-driver"):
        chromium.ensure()


def test_a_missing_browser_is_installed_where_that_can_be_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there: list[str] = []

    def install(*names: str) -> bool:
        there.extend(names)
        return True

    monkeypatch.setattr(chromium, "install_debian_packages", install)
    monkeypatch.setattr(
        chromium.shutil, "which", lambda name: f"/usr/bin/{name}" if there else None
    )
    assert chromium.ensure() == (Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver"))
    assert there == ["chromium", "chromium-driver"]
