# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _gate_run, _probe
from ansible_collections.meshwright.istio.plugins.module_utils._errors import NotReadyError
from ansible_collections.meshwright.istio.plugins.module_utils._gate_request import Request
from ansible_collections.meshwright.istio.plugins.module_utils._gate_run import Run
from ansible_collections.meshwright.istio.plugins.modules.mesh_gate import argument_spec
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.fake_time import FakeTime
from ansible_collections.meshwright.istio.tests.unit.support.stub_server import (
    Answer,
    StubServer,
    serving,
)

GOOD, BAD = Answer(200), Answer(500)
# A machine that is busy answers late, and no test here is about that.
PATIENCE = 60


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def app() -> Iterator[StubServer]:
    with serving(GOOD) as stub:
        yield stub


def hold(
    app: StubServer,
    time: FakeTime,
    *names: str,
    hear: Callable[[str], object] = str,
    **options: Any,
) -> list[str]:
    """What was said while probes of these names held; it is heard as it is said."""
    probe = {name: option.get("default") for name, option in _probe.OPTIONS.items()}
    defaults = {name: option.get("default") for name, option in argument_spec().items()}
    entry = {**probe, "url": app.url, "timeout": PATIENCE}
    probes = [{**entry, "name": name} for name in names or ["home"]]
    request = Request.from_params({**defaults, **options, "probes": probes})
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        hear(text)

    Run(api=FakeApi(), request=request, clock=time.clock, say=say).hold()
    return said


@pytest.mark.parametrize(
    ("options", "looks"),
    [
        pytest.param({"duration": 0}, [0], id="no duration"),
        pytest.param({"duration": 30}, [0, 10, 20, 30], id="an even one"),
        pytest.param({"duration": 25}, [0, 10, 20, 25], id="an odd one"),
    ],
)
def test_looks_from_the_beginning_to_the_end(
    app: StubServer, time: FakeTime, options: dict[str, Any], looks: list[float]
) -> None:
    hold(app, time, **options)
    assert time.looks == looks


def test_slow_answers_make_fewer_looks(app: StubServer, time: FakeTime) -> None:
    time.lag = 25
    hold(app, time, duration=60)
    assert time.looks == [0, 30, 60]


def test_answers_slower_than_it_all_end_it_late_and_not_never(
    app: StubServer, time: FakeTime
) -> None:
    time.lag = 90
    hold(app, time, duration=60)
    assert time.looks == [0, 90]


def test_does_not_end_on_a_bad_sample(app: StubServer, time: FakeTime) -> None:
    app.answers[:] = [GOOD, GOOD, BAD, GOOD]
    hold(app, time, duration=20, failure_limit=1)
    assert time.looks == [0, 10, 20, 30]


def test_without_a_duration_it_waits_for_one_good_sample(app: StubServer, time: FakeTime) -> None:
    app.answers[:] = [BAD, BAD, GOOD]
    hold(app, time, duration=0, failure_limit=2)
    assert time.looks == [0, 10, 20]


def test_fails_as_soon_as_it_cannot_pass(app: StubServer, time: FakeTime) -> None:
    app.answers[:] = [GOOD, BAD, GOOD, BAD]
    with pytest.raises(NotReadyError, match="failed after 30 of 100 s"):
        hold(app, time, duration=100, failure_limit=1)
    assert time.looks == [0, 10, 20, 30]


def test_says_how_long_it_has_held_and_what_it_saw(app: StubServer, time: FakeTime) -> None:
    assert hold(app, time, "a", "b", duration=20, interval=20) == [
        "looking at 2 checks for 20 s",
        *(f"held for {second} of 20 s: a 200, b 200" for second in (0, 5, 10, 15, 20)),
        "held for 20 of 20 s: a 200, b 200",
    ]


def test_says_who_has_not_answered_yet(
    app: StubServer, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer comes only after that was said."""
    monkeypatch.setattr(_gate_run, "_WORD_EVERY", 0.02)
    answer = StubServer.next_answer
    missed = threading.Event()

    def late(stub: StubServer) -> Answer:
        missed.wait(PATIENCE / 2)
        return answer(stub)

    def hear(text: str) -> None:
        if text.endswith("not answered yet"):
            missed.set()

    monkeypatch.setattr(StubServer, "next_answer", late)
    said = hold(app, time, hear=hear, duration=0)
    assert "looking at 1 check for 0 s; 1 not answered yet" in said


def test_asks_everybody_at_the_same_time(
    app: StubServer, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is answered before all are asked."""
    everybody = threading.Barrier(9, timeout=PATIENCE)
    answer = StubServer.next_answer

    def together(stub: StubServer) -> Answer:
        everybody.wait()
        return answer(stub)

    monkeypatch.setattr(StubServer, "next_answer", together)
    hold(app, time, *"abcdefghi", duration=0)
    assert len(app.asked) == 9


def test_mistake_of_ours_is_not_taken_for_a_bad_mesh(
    app: StubServer, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_probe.Probe, "complaint", lambda *_arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        hold(app, time)
