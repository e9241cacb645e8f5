# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What was measured between the waves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.meshwright.istio.plugins.module_utils.report import words
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts, Gated
from ansible_collections.meshwright.istio.plugins.module_utils.report.markup import (
    Child,
    Html,
    el,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.tables import columns, table
from ansible_collections.meshwright.istio.plugins.module_utils.report.wave import (
    Gate,
    Sample,
)

_WIDTH, _HEIGHT, _EDGE = 140, 26, 4
_HEADS = columns(
    "Of", "Check", "Verdict", "#Samples", "Values", "Allowed", "Over time", "Last words"
)


def section(facts: Facts) -> list[Html]:
    """A sentence for each gate that did not hold, and a row for each check."""
    if not facts.gates:
        return [el("p", "No gate was measured.", class_="soft")]
    rows = [row for each in facts.gates for row in _rows(each)]
    return [
        *(_failure(each) for each in facts.gates if each.gate.failed),
        table("Gates", _HEADS, rows),
        *_baseline(facts),
    ]


def _failure(gated: Gated) -> Html:
    return el(
        "p",
        el("b", f"The gate {gated.place} did not hold: ", class_="bad"),
        gated.gate.reason or "the reason is not on record",
    )


def _baseline(facts: Facts) -> Iterator[Html]:
    if facts.baseline:
        texts = [f"{name} {words.number(value)}" for name, value in facts.baseline.items()]
        yield el("p", f"Before the upgrade: {', '.join(texts)}.", class_="soft")


def _rows(gated: Gated) -> Iterator[Sequence[Child]]:
    gate = gated.gate
    checks = gate.by_check()
    if not checks:
        yield gated.title, gate.check or "", _verdict(gate), "0", "", "", "", ""
    for check, samples in checks.items():
        yield (
            gated.title,
            check,
            _verdict_of(check, samples, gate),
            f"{_count(check, samples, gate):,}",
            _values(samples),
            _allowed(check, gate),
            sparkline(samples),
            samples[-1].text or "",
        )


def _verdict(gate: Gate) -> Html:
    return el("b", gate.verdict or "unknown", class_="bad" if gate.failed else None)


def _verdict_of(check: str, samples: Sequence[Sample], gate: Gate) -> Html:
    bad = sum(sample.ok is False for sample in samples)
    blind = sum(sample.ok is None for sample in samples)
    if gate.failed and gate.check == check:
        return el("b", "failed", class_="bad")
    if bad:
        return el("span", f"{bad:,} did not hold", class_="warn")
    if blind:
        return el("span", f"{blind:,} not measured", class_="warn")
    return el("span", "held", class_="good")


def _count(check: str, samples: Sequence[Sample], gate: Gate) -> int:
    """Of very many the gate keeps a part, but it says how many there were."""
    counted = next((each.samples for each in gate.checks if each.name == check), None)
    return max(counted or 0, len(samples))


def _allowed(check: str, gate: Gate) -> str:
    limits = next((each for each in gate.checks if each.name == check), None)
    if limits is None:
        return ""
    texts = {"at least": limits.min, "at most": limits.max}
    return ", ".join(
        f"{text} {words.number(limit)}" for text, limit in texts.items() if limit is not None
    )


def _values(samples: Sequence[Sample]) -> str:
    values = [sample.value for sample in samples if sample.value is not None]
    if not values:
        return ""
    low, high = min(values), max(values)
    return words.number(low) if low == high else f"{words.number(low)} to {words.number(high)}"


def sparkline(samples: Sequence[Sample]) -> Html:
    """A dot for each sample, and a line where they have values."""
    places = _places(samples)
    line = [
        f"{x:g},{y:g}"
        for (x, y), sample in zip(places, samples, strict=True)
        if sample.value is not None
    ]
    dots = [
        el("circle", cx=x, cy=y, r=2.5, class_=f"dot {_kind(sample)}")
        for (x, y), sample in zip(places, samples, strict=True)
    ]
    curve = el("polyline", points=" ".join(line), class_="spark") if len(line) > 1 else None
    held = sum(sample.ok is True for sample in samples)
    return el(
        "svg",
        curve,
        dots,
        width=_WIDTH,
        height=_HEIGHT,
        view_box=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        aria_label=f"{held} of {len(samples)} samples held",
    )


def _kind(sample: Sample) -> str:
    return {True: "ok", False: "bad", None: "none"}[sample.ok]


def _places(samples: Sequence[Sample]) -> list[tuple[float, float]]:
    """By time where all have one, else one after the other; by value from the bottom up."""
    times = [sample.time.timestamp() for sample in samples if sample.time]
    positions = times if len(times) == len(samples) else list(map(float, range(len(samples))))
    values = [sample.value for sample in samples]
    return [
        (
            _scaled(position, min(positions), max(positions), _WIDTH),
            _HEIGHT - _scaled(value, *_range(values), _HEIGHT),
        )
        for position, value in zip(positions, values, strict=True)
    ]


def _range(values: Sequence[float | None]) -> tuple[float, float]:
    known = [value for value in values if value is not None]
    return (min(known), max(known)) if known else (0.0, 0.0)


def _scaled(value: float | None, low: float, high: float, size: int) -> float:
    share = 0.5 if value is None or high <= low else (value - low) / (high - low)
    return round(_EDGE + share * (size - 2 * _EDGE), 1)
