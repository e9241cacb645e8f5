# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Who runs: an identity of one run of ansible-playbook that others can look up.

A run that was killed cannot give its lock back. One that was started on this machine can be seen
to be gone, so that nobody has to wait until its lock expires, or to go on, so that nobody takes it
when it has.
"""

from __future__ import annotations

import hashlib
import re
import socket
from pathlib import Path

_PROC = Path("/proc")
_FORM = re.compile(r"(?P<host>.+)-(?P<pid>\d+)-(?P<started>\d+)-(?P<place>[0-9a-f]{12})")


def identify(pid: int, proc: Path = _PROC) -> str:
    """The run that this process is: host, process, its start, and where that can be looked up."""
    host = socket.gethostname()
    started, place = _started(pid, proc), _place(proc)
    if started is None or place is None:
        return f"{host}-{pid}"
    return f"{host}-{pid}-{started}-{place}"


def is_alive(run_id: str, proc: Path = _PROC) -> bool | None:
    """Whether the run is seen to go on, or to have ended; None where neither can be known."""
    found = _FORM.fullmatch(run_id)
    if found is None or found["place"] != _place(proc):
        return None
    return _started(int(found["pid"]), proc) == found["started"]


def _started(pid: int, proc: Path) -> str | None:
    """When the process started, in ticks since the machine did; None when there is none."""
    try:
        status = (proc / str(pid) / "stat").read_text(encoding="utf-8")
    except OSError:
        return None
    # The program's name, in brackets, may hold spaces and brackets itself.
    fields = status.rpartition(")")[2].split()
    state, started = fields[0], fields[19]
    return None if state in "ZX" else started


def _place(proc: Path) -> str | None:
    """The system in which a process number means one process: this boot, this PID namespace."""
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text(encoding="utf-8")
        namespace = (proc / "self/ns/pid").readlink()
    except OSError:
        return None
    return hashlib.sha256(f"{boot}{namespace}".encode()).hexdigest()[:12]
