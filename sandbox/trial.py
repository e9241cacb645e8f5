# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command `load`: requests counted, and every feature checked before, during and after."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict

from sandbox import features, load
from sandbox.cluster import Cluster
from sandbox.errors import ExitCode, SandboxError
from sandbox.features import FeatureResult
from sandbox.progress import Progress

MOMENTS = ("before", "during", "after")


def run(cluster: Cluster, options: argparse.Namespace, progress: Progress) -> int:
    """Send the load, print what came of it; 0 only if nothing was lost and all features work."""
    plan = load.default_plan(
        cluster,
        rate=options.rate,
        seconds=options.seconds,
        inside=options.inside,
        streams=options.streams,
    )
    checked: dict[str, list[FeatureResult]] = {}
    if not options.no_features:
        progress.step("checking the features before the load")
        checked["before"] = features.check(cluster)
    progress.step("sending requests")
    with load.start(cluster, plan, progress, inside=options.inside, plot=options.plot) as running:
        running.wait_until_measuring()
        if not options.no_features:
            checked["during"] = features.check(cluster)
        result = running.result()
    if not options.no_features:
        progress.step("checking the features after the load")
        checked["after"] = features.check(cluster)
    print(result.table())
    if checked:
        print(f"\n{table(checked)}")
    if options.output:
        _write(options, {"load": asdict(result), "features": document(checked)})
    result.check_environment()
    broken = any(not each.ok for results in checked.values() for each in results)
    return ExitCode.FAILED if result.failed or result.broken or broken else ExitCode.OK


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


def _write(options: argparse.Namespace, content: dict[str, object]) -> None:
    try:
        options.output.write_text(json.dumps(content, indent=2) + "\n")
    except OSError as error:
        raise SandboxError(
            f"the result cannot be written to {options.output}: {error.strerror}",
            "name a file in a folder that exists and that you may write to",
        ) from error
