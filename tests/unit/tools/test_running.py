# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs are run so that one sees them live, and their end is noticed."""

from __future__ import annotations

import sys
import time

from tools.running import run


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


def test_returns_the_code_and_both_outputs() -> None:
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(3)"
    ended = run(python(code), tick=lambda _seconds: None)
    assert (ended.code, ended.output) == (3, "out\nerr\n")
    assert ended.tail(1) == "err"


def test_shows_the_output_before_the_program_has_ended() -> None:
    seen: list[tuple[bytes, float]] = []
    run(
        python("import time; print('early'); time.sleep(0.5); print('late')"),
        show=lambda data: seen.append((data, time.monotonic())),
        tick=lambda _seconds: None,
    )
    assert b"".join(data for data, _when in seen) == b"early\nlate\n"
    assert seen[-1][1] - seen[0][1] > 0.3


def test_ticks_while_nothing_is_shown() -> None:
    ticks: list[float] = []
    code = "import time\nfor _ in range(15): time.sleep(0.1); print('hidden')"
    run(python(code), tick=ticks.append, silence=0.4)
    assert len(ticks) >= 2


def test_does_not_tick_while_output_is_shown() -> None:
    ticks: list[float] = []
    code = "import time\nfor _ in range(10): time.sleep(0.1); print('shown')"
    run(python(code), show=lambda _data: None, tick=ticks.append, silence=0.8)
    assert ticks == []


def test_ends_with_the_program_though_its_daemon_holds_the_pipe() -> None:
    started = time.monotonic()
    code = "import subprocess; subprocess.Popen(['sleep', '5'])"
    assert run(python(code), tick=lambda _seconds: None).code == 0
    assert time.monotonic() - started < 4
