# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
from pathlib import Path

from ansible_collections.meshwright.istio.plugins.plugin_utils._waiting import Teller


def wait_for(said: list[str], count: int) -> None:
    end = time.monotonic() + 60
    while len(said) < count and time.monotonic() < end:
        time.sleep(0.05)


def texts(said: list[str]) -> list[str]:
    return [line.split(" s  ", 1)[1] for line in said]


def test_teller_shows_whole_lines_as_they_come(tmp_path: Path) -> None:
    file, said = tmp_path / "progress", list[str]()
    # However slow the machine is: here nothing is said of the silence.
    with Teller(file, said.append, silence=3600):
        file.write_text("één of 2\ntwo o", encoding="utf-8")
        wait_for(said, 1)
        with file.open("a", encoding="utf-8") as more:
            more.write("f 2\n")
        wait_for(said, 2)
    assert texts(said) == ["één of 2", "two of 2"]


def test_teller_breaks_the_silence(tmp_path: Path) -> None:
    file, said = tmp_path / "progress", list[str]()
    file.write_text("waiting for 3\n", encoding="utf-8")
    with Teller(file, said.append, silence=0.1):
        wait_for(said, 3)
    assert texts(said)[:3] == ["waiting for 3", "still: waiting for 3", "still: waiting for 3"]


def test_teller_speaks_even_before_the_module_does(tmp_path: Path) -> None:
    said: list[str] = []
    with Teller(tmp_path / "progress", said.append, silence=0.1):
        wait_for(said, 1)
    assert texts(said)[0] == "still: no word from the module yet"
