# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Contenders take turns."""

from __future__ import annotations

from benchmarks.rounds import Contender, Readings, interleave


class Recorder:
    """Contenders that note when they are prepared and run."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.number = 0

    def contender(self, name: str) -> Contender:
        def run() -> Readings:
            self.seen.append(name)
            self.number += 1
            return {name: float(self.number)}

        return Contender(name, run, lambda: self.seen.append(f"prepare {name}"))


def test_each_round_begins_with_another() -> None:
    recorder, said = Recorder(), []
    interleave([recorder.contender("a"), recorder.contender("b")], 2, said.append)
    runs = [entry for entry in recorder.seen if not entry.startswith("prepare")]
    assert runs == ["a", "b", "b", "a", "a", "b"]
    assert said[0] == "warming up: a"
    assert said[-1] == "round 2 of 2: b"


def test_the_first_round_does_not_count() -> None:
    recorder = Recorder()
    found = interleave([recorder.contender("a")], 3, lambda _text: None)
    assert found["a"].values == (2.0, 3.0, 4.0)


def test_each_is_prepared_before_it_runs() -> None:
    recorder = Recorder()
    interleave([recorder.contender("a")], 1, lambda _text: None)
    assert recorder.seen == ["prepare a", "a", "prepare a", "a"]
