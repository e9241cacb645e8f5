# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What HAProxy itself says of two clusters while a switchover is under way.

It is asked beside the role and its modules: shares are counted by the requests that HAProxy has
sent to each server, whatever weight was set.
"""

from __future__ import annotations

import csv
import io
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from types import TracebackType
from typing import Self

from sandbox import haproxy
from sandbox.errors import SandboxError

_PAUSE = 0.2
# Of a server that HAProxy does not look after, it says `no check`.
_WELL = ("UP", "no check")
_SERVER = re.compile(r"^\s*server (\S+) .*\bweight (\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One cluster as HAProxy has it; `requests` are all since HAProxy has started."""

    weight: int
    requests: int
    sessions: int
    status: str

    @property
    def is_well(self) -> bool:
        return self.status.startswith(_WELL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All servers at one moment, in seconds as `time.time` has them."""

    at: float
    servers: Mapping[str, Server]

    def share(self, name: str) -> float | None:
        """The share of a server by its weight, in per cent; none where nobody has a weight."""
        weights = {each: server.weight for each, server in self.servers.items()}
        whole = sum(weights.values())
        return 100 * weights[name] / whole if whole else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A time during which a server's share by weight was the same, and what it really got."""

    share: float | None
    since: float
    seconds: float
    requests: int
    to_target: int

    @property
    def real(self) -> float | None:
        """The share of the requests, in per cent; none where there was no request."""
        return round(100 * self.to_target / self.requests, 2) if self.requests else None


def read() -> Reading:
    """How it is now."""
    return parse(haproxy.command("show stat"), time.time())


def parse(text: str, at: float) -> Reading:
    """What `show stat` says of the servers of the backend."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("# ")))
    return Reading(
        at=at,
        servers={
            row["svname"]: Server(
                weight=int(row["weight"]),
                requests=int(row["stot"]),
                sessions=int(row["scur"]),
                status=row["status"],
            )
            for row in rows
            if row["pxname"] == haproxy.BACKEND and row["svname"] != "BACKEND"
        },
    )


@dataclass(slots=True, kw_only=True)
class Watch:
    """Reads again and again, until its `with` statement ends.

    `look` gets every reading at once, such as one by which something must not be. The first error
    of a reading ends the watch, and is raised when it is closed: nothing is proven then.
    """

    look: Callable[[Reading], object] = lambda _reading: None
    ask: Callable[[], Reading] = read
    pause: float = _PAUSE
    readings: list[Reading] = field(default_factory=list, init=False)
    _over: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _error: Exception | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        self._once()
        self._thread = threading.Thread(target=self._go_on)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._thread:
            self._thread.join()
        if self._error and error is None:
            raise self._error

    def _go_on(self) -> None:
        while not self._over.wait(self.pause):
            try:
                self._once()
            except Exception as error:  # noqa: BLE001 - it is raised in the thread that waits
                self._error = error
                return

    def _once(self) -> None:
        reading = self.ask()
        self.readings.append(reading)
        self.look(reading)

    def until(self, holds: Callable[[Reading], bool], timeout: float) -> Reading:
        """Wait for a reading that is to come; raises SandboxError where none does."""
        end = time.monotonic() + timeout
        seen = len(self.readings)
        while time.monotonic() < end and self._error is None:
            for reading in self.readings[seen:]:
                seen += 1
                if holds(reading):
                    return reading
            self._over.wait(self.pause)
        raise SandboxError(
            f"HAProxy did not come to what was waited for within {timeout:.0f} s:"
            f" {self._error or self.readings[-1]}",
            "look at the log of the playbook in build/prove",
        )


def kept() -> dict[str, int]:
    """The weights in HAProxy's configuration file, which a reload would bring."""
    text = haproxy.CONFIG.read_text(encoding="utf-8")
    return {name: int(weight) for name, weight in _SERVER.findall(text)}


def steps(readings: Sequence[Reading], target: str) -> Iterator[Step]:
    """Each share that was in force for longer than a moment, with what was counted meanwhile.

    Between the last reading of a share and the first of the next one nobody knows which of them a
    request met, so those are in neither.
    """
    for share, group in groupby(readings, key=lambda each: each.share(target)):
        first, *rest = group
        if not rest:
            continue
        last = rest[-1]
        sent = {
            name: server.requests - first.servers[name].requests
            for name, server in last.servers.items()
        }
        yield Step(
            share=share,
            since=first.at,
            seconds=round(last.at - first.at, 1),
            requests=sum(sent.values()),
            to_target=sent[target],
        )


def share_at(readings: Sequence[Reading], moment: float, name: str) -> float | None:
    """The share of a server when something happened: that of the last reading before it."""
    before = [each for each in readings if each.at <= moment] or readings[:1]
    return before[-1].share(name)


def table(found: Sequence[Step], measured: Mapping[int, float | None]) -> str:
    """For a person: what was set, what HAProxy has counted, what the role has measured."""
    titles = ("set", "seconds", "requests", "to target", "real", "measured by the role")
    rows = [titles]
    for step in found:
        share = "none" if step.share is None else f"{step.share:g} %"
        by_role = None if step.share is None else measured.get(round(step.share))
        rows.append(
            (
                share,
                f"{step.seconds:g}",
                str(step.requests),
                str(step.to_target),
                _per_cent(step.real),
                _per_cent(by_role),
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )


def _per_cent(number: float | None) -> str:
    return "-" if number is None else f"{number:.2f} %"
