# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m benchmarks`: measures what is asked for, prints it and keeps it."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import conditions, table
from benchmarks.errors import BenchmarkError
from benchmarks.figure import Bench, Figure
from benchmarks.figures import ALL
from benchmarks.plays import CHECKOUT
from sandbox import build
from sandbox.errors import SandboxError
from sandbox.progress import Progress

_REPEATS = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when everything could be measured, whatever came out."""
    asked = parse(arguments)
    if asked.list:
        for figure in ALL:
            print(f"{figure.name:<16} {figure.shows}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_signal: sys.exit(143))
    chosen = [figure for figure in ALL if figure.name in (asked.only or _NAMES)]
    report: dict[str, Any] = {**conditions.read(), "repeats": asked.repeats, "figures": []}
    complete = True
    with Progress() as progress:
        try:
            artifacts = build.ensure(progress)
        except SandboxError as error:
            print(f"The programs to measure with cannot be built: {error}", file=sys.stderr)
            return 1
        bench = Bench(artifacts=artifacts, repeats=asked.repeats, progress=progress)
        for figure in chosen:
            entry = _measure(figure, bench)
            complete = complete and "error" not in entry
            report["figures"].append(entry)
            write(asked.output, report)
    print(f"All of it is in {asked.output}")
    return 0 if complete else 1


_NAMES = tuple(figure.name for figure in ALL)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What the person asks for; refused when it makes no sense."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        choices=_NAMES,
        metavar="NAME",
        help=f"measure this figure; may be given again ({', '.join(_NAMES)})",
    )
    parser.add_argument(
        "--repeats", type=_count, default=_REPEATS, help=f"rounds that count ({_REPEATS})"
    )
    parser.add_argument("--list", action="store_true", help="tell what can be measured")
    parser.add_argument(
        "--output",
        type=Path,
        default=CHECKOUT / "build" / "benchmarks.json",
        help="where the figures are kept (build/benchmarks.json)",
    )
    return parser.parse_args(arguments)


def write(path: Path, report: dict[str, Any]) -> None:
    """Keep what is known so far: a later figure may be interrupted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n")


def _measure(figure: Figure, bench: Bench) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": figure.name, "shows": figure.shows}
    before = conditions.load()
    try:
        rows = list(figure.measure(bench))
    except (BenchmarkError, SandboxError) as error:
        print(f"{figure.name} could not be measured: {error}", file=sys.stderr, flush=True)
        return {**entry, "error": str(error)}
    loads = [before, conditions.load()]
    title = f"{figure.name}: {figure.shows}; load {loads[0]} to {loads[1]}"
    print(f"\n{table.render(title, rows)}\n", flush=True)
    return {**entry, "load": loads, "rows": [row.document() for row in rows]}


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number
