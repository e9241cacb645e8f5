# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upgrade a real mesh on this machine, under load, and show what was lost."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from sandbox import features, lifecycle, load, status, trial
from sandbox.cluster import Cluster
from sandbox.errors import ExitCode, SandboxError
from sandbox.features import FeatureResult
from sandbox.lifecycle import Sandbox, Wish
from sandbox.load import LoadResult
from sandbox.progress import Progress
from tools.environment import CHECKOUT

RATE = 150
# Far longer than the upgrade takes: the load is stopped when the upgrade is done.
SECONDS = 1200
FOLDER = CHECKOUT / "build" / "demo"
PLAYBOOKS = CHECKOUT / "playbooks"
REPORT = FOLDER / "report"
VARIABLES = CHECKOUT / "examples" / "sandbox_canary.yml"


def main() -> int:
    """All of it, from a bare machine to the count of lost requests."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--rate", type=int, default=RATE, help="requests per second")
    parser.add_argument("--keep", action="store_true", help="leave the sandbox running")
    options = parser.parse_args()
    # A terminated demo ends its sandbox as an interrupted one does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Progress() as progress:
            sandbox = lifecycle.up(Wish(), progress)
            try:
                return _show(sandbox, options.rate, progress)
            finally:
                if options.keep:
                    print(f"\nthe sandbox runs on: export KUBECONFIG={_kubeconfig(sandbox)}")
                else:
                    lifecycle.end(progress)
    except SandboxError as error:
        print(f"demo: {error.message}\n  -> {error.remedy}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("demo: interrupted", file=sys.stderr)
        return ExitCode.FAILED


def _show(sandbox: Sandbox, rate: int, progress: Progress) -> int:
    cluster = sandbox.clusters[0]
    FOLDER.mkdir(parents=True, exist_ok=True)
    _headline("the mesh before")
    print(status.table(sandbox, status.read(sandbox)), flush=True)
    progress.step("checking the features of the shop")
    checked = {"before": features.check(cluster)}
    plan = load.default_plan(cluster, rate=rate, seconds=SECONDS, streams=4)
    progress.step(f"sending {rate} requests a second")
    with load.start(cluster, plan, progress, plot=FOLDER / "plot.html") as running:
        running.wait_until_measuring()
        _headline("ansible-playbook upgrade_canary.yml")
        progress.step("upgrading")
        started = time.monotonic()
        code = _upgrade(sandbox, cluster)
        seconds = time.monotonic() - started
        progress.step("checking the features under load")
        checked["during"] = features.check(cluster)
        running.stop()
        result = running.result()
    progress.step("checking the features once more")
    checked["after"] = features.check(cluster)
    progress.rest()
    return _tell(sandbox, checked, result, code, seconds)


def _upgrade(sandbox: Sandbox, cluster: Cluster) -> int:
    """The playbook as anybody would run it; its output goes to the terminal as it comes."""
    istioctl = sandbox.artifacts.path("istioctl-1.31")
    given = {"canary_istioctl_path": str(istioctl), "canary_report_directory": str(REPORT)}
    command = ["ansible-playbook", str(PLAYBOOKS / "upgrade_canary.yml"), "-e", f"@{VARIABLES}"]
    return _run([*command, "-e", json.dumps({**given, "kubeconfig": str(cluster.kubeconfig)})])


def _report(cluster: Cluster, result: LoadResult) -> Path | None:
    """The report of the upgrade once more, with what the load has counted."""
    began = datetime.fromisoformat(result.started)
    series = [
        {
            "time": (began + timedelta(seconds=second.second)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "sent": second.sent,
            "failed": second.failed,
        }
        for second in result.per_second
    ]
    total = {"sent": result.total.sent, "failed": result.total.failed}
    given = {
        "kubeconfig": str(cluster.kubeconfig),
        "report_directory": str(REPORT),
        "report_data": {"load": {"series": series, "total": total, "source": "vegeta"}},
    }
    variables = FOLDER / "load.json"
    variables.write_text(json.dumps(given))
    _run(["ansible-playbook", str(PLAYBOOKS / "report.yml"), "-e", f"@{variables}"], quiet=True)
    pages = sorted(REPORT.glob("*.html"), key=lambda page: page.stat().st_mtime)
    return pages[-1] if pages else None


def _run(command: list[str], *, quiet: bool = False) -> int:
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, cwd=CHECKOUT, stdout=output, check=False).returncode


def _tell(
    sandbox: Sandbox,
    checked: dict[str, list[FeatureResult]],
    result: LoadResult,
    code: int,
    seconds: float,
) -> int:
    _headline("the mesh after")
    print(status.table(sandbox, status.read(sandbox)))
    _headline("what the load saw")
    print(result.table())
    print(f"\n{trial.table(checked)}")
    figures = FOLDER / "result.json"
    content = {"seconds": seconds, "load": asdict(result), "features": trial.document(checked)}
    figures.write_text(json.dumps(content, indent=2) + "\n")
    report = _report(sandbox.clusters[0], result)
    total = result.total
    _headline("in one line")
    verdict = "upgraded" if code == 0 else f"NOT upgraded (ansible-playbook ended with {code})"
    print(f"{verdict} in {seconds:.0f} s: {total.sent} requests, {total.failed} failed")
    print(f"the report: {report or 'was not written'}")
    print(f"every figure: {figures}\nlatencies: {FOLDER / 'plot.html'}")
    broken = any(not each.ok for results in checked.values() for each in results)
    return ExitCode.FAILED if code or broken else ExitCode.OK


def _headline(text: str) -> None:
    print(f"\n==== {text}", flush=True)


def _kubeconfig(sandbox: Sandbox) -> Path:
    return sandbox.clusters[0].kubeconfig


if __name__ == "__main__":
    sys.exit(main())
