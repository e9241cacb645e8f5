# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command `load`: requests counted, and every feature checked before, during and after."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from sandbox import features, load
from sandbox.cluster import Cluster
from sandbox.errors import ExitCode, SandboxError
from sandbox.features import FeatureResult
from sandbox.load import LoadResult, LoadRun
from sandbox.progress import Progress

MOMENTS = ("before", "during", "after")
OUTSIDE, INSIDE = "outside", "inside"


def run(cluster: Cluster, workloads: str, given: argparse.Namespace, progress: Progress) -> int:
    """Send the load, print what came of it; 0 only if nothing was lost and all features work."""
    checked: dict[str, list[FeatureResult]] = {}

    def check(moment: str) -> None:
        if not given.no_features:
            progress.step(f"checking the features {moment} the load")
            checked[moment] = features.check(cluster)

    check("before")
    progress.step("sending requests")
    with ExitStack() as stack:
        running = {
            side: stack.enter_context(_start(cluster, workloads, given, side, progress))
            for side in _sides(given)
        }
        for each in running.values():
            each.wait_until_measuring()
        check("during")
        results = {side: each.result() for side, each in running.items()}
    check("after")
    for side, result in results.items():
        print(f"from {side}: {result.table()}\n")
    if checked:
        print(table(checked))
    if given.output:
        loads = {side: asdict(result) for side, result in results.items()}
        _write(given.output, {"loads": loads, "features": document(checked)})
    return _verdict(results.values(), checked)


def _sides(given: argparse.Namespace) -> tuple[str, ...]:
    if given.both:
        return (OUTSIDE, INSIDE)
    return (INSIDE,) if given.inside else (OUTSIDE,)


def _start(
    cluster: Cluster, workloads: str, given: argparse.Namespace, side: str, progress: Progress
) -> LoadRun:
    inside = side == INSIDE
    plan = load.plan_for(
        workloads,
        cluster,
        rate=given.rate,
        seconds=given.seconds,
        streams=given.streams,
        inside=inside,
    )
    # Only the process draws; asked for the pod's plot alone, it says so.
    plot = None if inside and given.both else given.plot
    return load.start(cluster, plan, progress, inside=inside, plot=plot)


def _verdict(
    results: Iterable[LoadResult], checked: Mapping[str, Sequence[FeatureResult]]
) -> ExitCode:
    lost = 0
    for result in results:
        result.check_environment()
        lost += result.failed + result.broken
    broken = any(not each.ok for found in checked.values() for each in found)
    return ExitCode.FAILED if lost or broken else ExitCode.OK


def table(checked: dict[str, list[FeatureResult]]) -> str:
    """A row a feature, a column a moment; what is broken is explained below."""
    moments = [moment for moment in MOMENTS if moment in checked]
    lines = [f"{'feature':20}" + "".join(f"{moment:10}" for moment in moments)]
    for results in zip(*(checked[moment] for moment in moments), strict=True):
        words = "".join(f"{'works' if each.ok else 'BROKEN':10}" for each in results)
        lines.append(f"{results[0].name:20}{words}".rstrip())
    for moment in moments:
        lines += _broken(moment, checked[moment])
    return "\n".join(lines)


def document(checked: dict[str, list[FeatureResult]]) -> dict[str, list[dict[str, object]]]:
    """The same for programs."""
    return {moment: [asdict(each) for each in results] for moment, results in checked.items()}


def _broken(moment: str, results: Sequence[FeatureResult]) -> list[str]:
    return [f"{moment}: {each.name}: {each.detail}" for each in results if not each.ok]


def _write(output: Path, content: dict[str, object]) -> None:
    try:
        output.write_text(json.dumps(content, indent=2) + "\n")
    except OSError as error:
        raise SandboxError(
            f"the result cannot be written to {output}: {error.strerror}",
            "name a file in a folder that exists and that you may write to",
        ) from error
