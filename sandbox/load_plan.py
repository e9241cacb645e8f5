# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A load as it is planned: rates, targets and streams, within bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from sandbox.errors import UsageError

# The program refuses the same; here it is refused before a pod is made for it.
MAX_RATE = 2000
MAX_MINUTES = 30
MAX_STREAMS = 200

StreamKind = Literal["stream", "http2", "websocket", "tcp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One kind of request, which gets its share of the rate."""

    name: str
    url: str
    share: float
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    # For what is slow by design: at random moments, and not part of the judged latency.
    delay_offset_random: bool = False
    expect: tuple[int, ...] = (200,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Streams that are held open all the time."""

    name: str
    kind: StreamKind
    url: str
    count: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """What is sent where for how long; `baseline` seconds come before the measured ones."""

    rate: float
    seconds: float
    targets: tuple[Target, ...] = ()
    streams: tuple[Stream, ...] = ()
    baseline: float = 5
    timeout: float = 10

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise UsageError(f"this load is not allowed: {problem}", "plan a smaller one")

    def _problems(self) -> Iterator[str]:
        streams = sum(stream.count for stream in self.streams)
        if not self.targets and not self.streams:
            yield "it has neither targets nor streams"
        if self.targets and not 0 < self.rate <= MAX_RATE:
            yield f"{self.rate:g} requests a second, and {MAX_RATE} are the most"
        if not 0 < self.seconds <= 60 * MAX_MINUTES:
            yield f"{self.seconds:g} s, and {MAX_MINUTES} minutes are the most"
        if streams > MAX_STREAMS:
            yield f"{streams} streams, and {MAX_STREAMS} are the most"

    @property
    def longest(self) -> float:
        """Seconds after which it has surely ended."""
        return self.baseline + self.seconds + self.timeout + 5

    def to_json(self) -> str:
        """The form that the program `load` reads."""
        return json.dumps(
            {
                "rate": self.rate,
                "duration": f"{self.seconds}s",
                "baseline": f"{self.baseline}s",
                "timeout": f"{self.timeout}s",
                "targets": [asdict(target) for target in self.targets],
                "streams": [asdict(stream) for stream in self.streams],
            }
        )
