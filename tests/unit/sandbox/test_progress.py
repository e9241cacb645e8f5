# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import time

import pytest

from sandbox.progress import INTERVAL, Progress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def test_a_step_is_said_at_once_with_the_time_since_the_start(
    clock: Clock, stream: io.StringIO
) -> None:
    progress = Progress(stream, clock=clock)
    clock.now += 12.34
    progress.step("building istio (3 of 9)")
    assert stream.getvalue() == "  12.3 s  building istio (3 of 9)\n"


def test_a_running_step_is_repeated_with_its_age_and_detail(
    clock: Clock, stream: io.StringIO
) -> None:
    progress = Progress(stream, clock=clock, interval=10)
    clock.now += 1
    progress.step("building")
    clock.now += 9.9
    progress.tick("40 packages")
    assert stream.getvalue().count("\n") == 1, "nothing is due before the interval has passed"
    clock.now += 0.1
    progress.tick("41 packages")
    assert stream.getvalue().splitlines()[1] == "  11.0 s  building ... 10 s, 41 packages"


def test_a_new_step_forgets_the_detail_of_the_last(clock: Clock, stream: io.StringIO) -> None:
    progress = Progress(stream, clock=clock, interval=10)
    progress.step("first")
    progress.tick("half of it")
    progress.step("second")
    clock.now += 10
    progress.beat()
    assert stream.getvalue().splitlines()[-1] == "  10.0 s  second ... 10 s"


def test_a_note_puts_the_repetition_off_and_leaves_the_step(
    clock: Clock, stream: io.StringIO
) -> None:
    progress = Progress(stream, clock=clock, interval=10)
    progress.step("building")
    clock.now += 8
    progress.note("fetched Envoy")
    clock.now += 8
    assert progress.beat() == 2
    clock.now += 2
    progress.beat()
    assert [line[10:] for line in stream.getvalue().splitlines()] == [
        "building",
        "fetched Envoy",
        "building ... 18 s",
    ]


def test_repetitions_come_without_being_asked_for_only_while_open(stream: io.StringIO) -> None:
    with Progress(stream, interval=0.02) as progress:
        progress.step("building")
        deadline = time.monotonic() + 60
        while stream.getvalue().count("building ...") < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    lines = stream.getvalue()
    assert lines.count("building ...") >= 2
    time.sleep(0.06)
    assert stream.getvalue() == lines, "a closed progress is silent"


def test_the_promised_fifteen_seconds_are_kept_with_room_to_spare() -> None:
    assert INTERVAL <= 12


def test_nothing_is_repeated_while_it_rests(clock: Clock, stream: io.StringIO) -> None:
    progress = Progress(stream, clock=clock, interval=10)
    progress.step("first")
    progress.rest()
    clock.now += 100
    progress.beat()
    progress.step("second")
    assert [line[10:] for line in stream.getvalue().splitlines()] == ["first", "second"]
