# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came of a load: the counts of every target and stream, and a table of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sandbox.errors import SandboxError, TooBusyError

_TITLES = ("target", "sent", "failed", "p50", "p90", "p99", "p99.9", "max", "what failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Milliseconds until the last byte of an answer."""

    p50: float
    p90: float
    p99: float
    p999: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """How many of the requests failed that were sent in one second of the measured time."""

    second: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The requests of one target, or of all."""

    name: str
    planned: int
    sent: int
    late: int
    answered: int
    failed: int
    failures: Mapping[str, int]
    failing: tuple[Failing, ...]
    replayed: int
    latency: Latency
    statuses: Mapping[str, int]

    @classmethod
    def from_json(cls, text: Mapping[str, Any]) -> Self:
        """`method` is the plan's business, and of no use here."""
        other = {"method", "latency_ms", "failing"}
        return cls(
            latency=Latency(**text["latency_ms"]),
            failing=tuple(Failing(**each) for each in text["failing"]),
            **{key: value for key, value in text.items() if key not in other},
        )

    def row(self) -> list[str]:
        latency = self.latency
        times = (latency.p50, latency.p90, latency.p99, latency.p999, latency.max)
        numbers = [f"{time:.1f}" if self.answered else "-" for time in times]
        return [self.name, str(self.sent), str(self.failed), *numbers, in_words(self.failures)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """How it was before the measured time: the same load, but nothing was changed yet."""

    seconds: float
    sent: int
    failed: int
    failures: Mapping[str, int]
    broken_streams: int
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """The requests sent in one second of the measured time, which begins with second 0."""

    second: int
    sent: int
    failed: int
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """When a stream broke, and how: eof, reset, timeout."""

    second: float
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamCounts:
    """The held streams of one kind."""

    name: str
    kind: str
    opened: int
    broken: int
    breaks: tuple[Break, ...]

    def row(self) -> list[str]:
        breaks = ", ".join(f"{found.how} at {found.second:.1f} s" for found in self.breaks)
        return [self.name, self.kind, str(self.opened), str(self.broken), breaks]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """What a load has to tell when it has ended."""

    started: str
    seconds: float
    baseline: Baseline
    environment: str
    targets: tuple[Counts, ...]
    total: Counts
    per_second: tuple[Second, ...]
    streams: tuple[StreamCounts, ...]

    @classmethod
    def from_json(cls, text: str) -> LoadResult:
        """Read what the program `load` writes."""
        try:
            found = json.loads(text)
            return cls(
                started=found["started"],
                seconds=found["seconds"],
                baseline=Baseline(**found["baseline"]),
                environment=found["environment"],
                targets=tuple(map(Counts.from_json, found["targets"])),
                total=Counts.from_json(found["total"]),
                per_second=tuple(Second(**second) for second in found["per_second"] or ()),
                streams=tuple(map(_stream, found["streams"])),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise SandboxError(
                f"what load wrote is no result: {text[:200].strip() or 'nothing'}",
                "run `python -m sandbox build`, then try again",
            ) from error

    @property
    def sent(self) -> int:
        return self.total.sent

    @property
    def failed(self) -> int:
        return self.total.failed

    @property
    def broken(self) -> int:
        """How often a held stream broke."""
        return sum(stream.broken for stream in self.streams)

    @property
    def is_environment(self) -> bool:
        """Whether the machine is to blame, so that the result says nothing of what was tested."""
        return bool(self.environment)

    def check_environment(self) -> None:
        """Raise TooBusyError when the result says nothing of what was tested."""
        if self.is_environment:
            raise TooBusyError(
                f"the load means nothing: {self.environment}",
                "stop what else runs on this machine, see that the mesh is ready, and try again",
            )

    def table(self) -> str:
        """For a person: every target and stream, and the seconds in which requests failed."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        before = self.baseline
        yield (
            f"{self.sent} requests in {self.seconds:.0f} s, {self.failed} failed;"
            f" before that {before.sent} in {before.seconds:.0f} s, {before.failed} failed,"
            f" p99 {before.p99_ms:.1f} ms"
        )
        if self.environment:
            yield f"The machine is to blame: {self.environment}."
        if self.targets:
            yield ""
            yield from _aligned([_TITLES, *(row.row() for row in (*self.targets, self.total))])
            yield "(times in milliseconds)"
        if failing := [second.second for second in self.per_second if second.failed]:
            yield f"Requests failed that were sent in {_ranges(failing)}."
        if self.streams:
            yield ""
            titles = ("streams", "kind", "opened", "broken", "how they broke")
            yield from _aligned([titles, *(stream.row() for stream in self.streams)])


def in_words(counts: Mapping[str, int]) -> str:
    """`reset 3, refused 1`, the most frequent first."""
    return ", ".join(f"{name} {count}" for name, count in _most_first(counts))


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _stream(text: Mapping[str, Any]) -> StreamCounts:
    return StreamCounts(**{**text, "breaks": tuple(Break(**found) for found in text["breaks"])})


def _ranges(numbers: Sequence[int]) -> str:
    """`second 3` or `seconds 3-5, 9` for sorted numbers."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    texts = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    return f"second{'s' if len(numbers) > 1 else ''} {', '.join(texts)}"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Columns as wide as their widest cell, those of numbers to the right."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    are_numbers = [all(_is_number(cell) for cell in column[1:]) for column in columns]
    for row in rows:
        cells = zip(row, widths, are_numbers, strict=True)
        padded = [
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in cells
        ]
        yield "  ".join(padded).rstrip()


def _is_number(cell: str) -> bool:
    return cell == "-" or cell.replace(".", "", 1).isdigit()
