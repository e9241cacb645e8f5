# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time for tests of gates: it passes only when somebody sleeps, or a look takes long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ansible_collections.meshwright.istio.plugins.module_utils._gate_run import Clock

START = datetime(2026, 2, 3, tzinfo=UTC)


class FakeTime:
    """`looks` are the times of the looks, each of which takes `lag` seconds."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.lag = 0.0
        self.looks: list[float] = []
        self.clock = Clock(monotonic=lambda: self.passed, sleep=self._sleep, now=self._now)

    def _sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.passed += seconds

    def _now(self) -> datetime:
        self.looks.append(self.passed)
        self.passed += self.lag
        return START + timedelta(seconds=self.looks[-1])
