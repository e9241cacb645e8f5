# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: `python -m sandbox COMMAND`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence

from sandbox import build, doctor, istio, lifecycle, options, reset, status
from sandbox.errors import ExitCode, SandboxError, UsageError
from sandbox.findings import Severity
from sandbox.istio import Bad
from sandbox.lifecycle import Sandbox, Wish
from sandbox.progress import Progress

_DESCRIPTION = """\
A real Kubernetes with a real Istio, a shop on it and load for it, on one Linux machine,
without Docker and without pulling an image."""
_EXIT_CODES = """\
exit codes:
  0  done
  1  something failed, or load lost a request or found a feature broken
  2  the command was given something it does not take
  3  this machine lacks something; `doctor` says what
  4  another sandbox, or another command on this one, is in the way
  5  this machine is too busy for what was measured to mean anything"""

Command = Callable[[argparse.Namespace, Progress], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every failure is a sentence with its remedy."""
    given = parser().parse_args(arguments)
    # A terminated command cleans up as an interrupted one does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Progress() as progress:
            command: Command = given.command
            return command(given, progress)
    except SandboxError as error:
        print(f"sandbox: {error.message}\n  -> {error.remedy}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        remedy = "free some space, or see who may read and write there, and run it again"
        print(f"sandbox: {where}{error.strerror or error}\n  -> {remedy}", file=sys.stderr)
        return ExitCode.FAILED
    except KeyboardInterrupt:
        print("sandbox: interrupted", file=sys.stderr)
        return ExitCode.FAILED


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    form = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser(
        prog="python -m sandbox",
        description=_DESCRIPTION,
        epilog=_EXIT_CODES,
        formatter_class=form,
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name, help=text, description=text, epilog=_EXIT_CODES, formatter_class=form
        )
        added.set_defaults(command=command)
        return added

    options.add_up(
        add("up", _up, "builds what is missing, then starts a sandbox and leaves it running")
    )
    options.add_install(
        add(
            "install", _install, "installs another version beside the first or over it, good or bad"
        )
    )
    options.add_reset(
        add("reset", _reset, "brings the meshes back to how they were when they were new")
    )
    add("down", _down, "ends the sandbox; nothing of it is left on this machine")
    options.add_json(
        add("status", _status, "shows what runs: versions, proxies, addresses, memory")
    )
    options.add_clusters(
        add("doctor", _doctor, "says what this machine lacks, and how that is mended"),
        "how many clusters shall fit",
    )
    options.add_load(
        add("load", _load, "sends requests, counts what is lost, checks every feature")
    )
    add("build", _build, "compiles and installs every program, or looks that all is there")
    add("kubeconfig", _kubeconfig, "prints the path to use: export KUBECONFIG=$(... kubeconfig)")
    return top


def _up(given: argparse.Namespace, progress: Progress) -> int:
    has_istio = given.istio != "none"
    if given.revision and not has_istio:
        raise UsageError(f"no Istio has no revision {given.revision}", "leave one of the two out")
    wish = Wish(
        clusters=given.clusters,
        istio=given.istio if has_istio else "",
        revision=given.revision,
        workloads=given.workloads if has_istio and given.workloads != "none" else "",
    )
    sandbox = lifecycle.up(wish, progress)
    progress.note("the sandbox is ready")
    _show(sandbox)
    print("\nnext: export KUBECONFIG=$(python -m sandbox kubeconfig)")
    return ExitCode.OK


def _install(given: argparse.Namespace, progress: Progress) -> int:
    cluster = lifecycle.require().cluster(given.cluster)
    name = f"Istio {given.istio}, {f'revision {given.revision}' if given.revision else 'default'}"
    progress.step(f"installing {name}")
    istio.install(cluster, given.istio, given.revision, Bad(given.bad) if given.bad else None)
    progress.note(f"{name} is installed{f', with bad {given.bad}' if given.bad else ''}")
    return ExitCode.OK


def _reset(given: argparse.Namespace, progress: Progress) -> int:
    sandbox = lifecycle.require()
    for cluster in [sandbox.cluster(given.cluster)] if given.cluster else sandbox.clusters:
        progress.step(f"resetting cluster {cluster.name}")
        reset.restore(cluster)
    progress.note("as new")
    return ExitCode.OK


def _down(_: argparse.Namespace, progress: Progress) -> int:
    was = lifecycle.end(progress)
    progress.note("nothing is left" if was else "no sandbox was there")
    return ExitCode.OK


def _status(given: argparse.Namespace, _: Progress) -> int:
    sandbox = lifecycle.require()
    statuses = status.read(sandbox)
    if given.json:
        print(json.dumps(status.document(sandbox, statuses), indent=2))
    else:
        print(status.table(sandbox, statuses))
    return ExitCode.FAILED if any(each.dead for each in statuses) else ExitCode.OK


def _doctor(given: argparse.Namespace, _: Progress) -> int:
    findings = doctor.examine(given.clusters)
    print(doctor.table(findings))
    lacks = any(finding.severity is Severity.MISSING for finding in findings)
    return ExitCode.MACHINE if lacks else ExitCode.OK


def _load(given: argparse.Namespace, progress: Progress) -> int:
    # What these import takes a moment, which no other command should wait for.
    from sandbox import trial  # noqa: PLC0415

    sandbox = lifecycle.require()
    there = sandbox.wish.workloads
    if not there or (given.workloads == "hard" and there != "hard"):
        wanted = given.workloads or "shop"
        raise UsageError(
            f"this sandbox has no workloads {wanted} to send to",
            f"start one that has: `python -m sandbox up --workloads {wanted}`",
        )
    workloads = given.workloads or there
    return trial.run(sandbox.cluster(given.cluster), workloads, given, progress)


def _build(_: argparse.Namespace, progress: Progress) -> int:
    build.ensure(progress)
    progress.note("every program is there")
    return ExitCode.OK


def _kubeconfig(_: argparse.Namespace, __: Progress) -> int:
    print(":".join(str(cluster.kubeconfig) for cluster in lifecycle.require().clusters))
    return ExitCode.OK


def _show(sandbox: Sandbox) -> None:
    print(status.table(sandbox, status.read(sandbox)))
