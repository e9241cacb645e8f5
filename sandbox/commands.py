# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command with its output in a log, and say in one sentence why it failed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError

_TAIL = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What a line of output gives away."""

    pattern: re.Pattern[str]
    message: str
    remedy: str


# Ordered: a full disk and a wrong checksum also show up as failed downloads.
CAUSES = (
    Cause(
        pattern=re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE),
        message="the disk is full",
        remedy="free some space and run the same command again: it goes on where it stopped",
    ),
    Cause(
        pattern=re.compile(r"checksum mismatch|DO NOT MATCH THE HASHES|Hash Sum mismatch"),
        message="what a registry served is not what is pinned here",
        remedy="check the registry or the proxy in between, then run the same command again",
    ),
    Cause(
        pattern=re.compile(r"signal: killed|cannot allocate memory|out of memory", re.IGNORECASE),
        message="the memory of this machine did not suffice",
        remedy="free at least 4 GiB and run the same command again: it goes on where it stopped",
    ),
    Cause(
        pattern=re.compile(
            r"dial tcp|no such host|Temporary failure (in name resolution|resolving)"
            r"|network is unreachable|i/o timeout|TLS handshake timeout|proxyconnect"
            r"|connection (refused|reset)|Failed to establish a new connection"
            r"|Could not (resolve|connect)|Unable to connect|disabled by GOPROXY=off"
            # What pip says of an index that does not answer, or not as one.
            r"|from versions: none|No matching distribution found for [\w.-]+$",
            re.IGNORECASE,
        ),
        message="a package registry cannot be reached",
        remedy="check the network and the settings GOPROXY, PIP_INDEX_URL and HTTPS_PROXY,"
        " then run the same command again",
    ),
    Cause(
        pattern=re.compile(
            r"(404|410|403) [A-Z]|unknown revision|No matching distribution|Unable to locate"
        ),
        message="a registry does not serve a version that is pinned here",
        remedy="ask for it at the registry, or point GOPROXY or PIP_INDEX_URL at a complete one",
    ),
    Cause(
        pattern=re.compile(r"No module named pip"),
        message="this Python has no pip",
        remedy="add it with `python -m ensurepip`, or use another virtual environment",
    ),
    Cause(
        pattern=re.compile(r"Could not get lock|Unable to acquire the dpkg"),
        message="another package manager is at work",
        remedy="wait until it is done and run the same command again",
    ),
)


def explain(output: str) -> tuple[Cause, str] | None:
    """The first known cause that shows in the output, and the line that shows it."""
    lines = output.splitlines()
    shown = ((cause, line) for cause in CAUSES for line in lines if cause.pattern.search(line))
    return next(shown, None)


class CommandError(SandboxError):
    """A command failed; `words` of its output say more, the log has them all."""

    def __init__(self, what: str, log: Path, output: str) -> None:
        self.output = output
        if known := explain(output):
            cause, line = known
            super().__init__(f"{what} failed: {cause.message} (log: {log})", cause.remedy)
            self.words: tuple[str, ...] = (line,)
        else:
            super().__init__(f"{what} failed", f"read {log}")
            self.words = tuple(output.splitlines()[-_TAIL:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Runs commands of one kind of work: same log, same environment."""

    log: Path
    environment: Mapping[str, str]

    def run(
        self,
        what: str,
        command: Sequence[str | Path],
        *,
        folder: Path | None = None,
        on_line: Callable[[str], None] = lambda _: None,
    ) -> str:
        """Run to the end and give back all that was said; raise `CommandError` when it fails."""
        lines = []
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with (
            self.log.open("a") as log,
            subprocess.Popen(
                command,
                cwd=folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            ) as process,
        ):
            log.write(f"$ {' '.join(map(str, command))}\n")
            try:
                for line in process.stdout or ():
                    log.write(line)
                    lines.append(line)
                    on_line(line.rstrip())
            except BaseException:
                process.terminate()
                raise
        if process.returncode:
            raise CommandError(what, self.log, "".join(lines))
        return "".join(lines)
