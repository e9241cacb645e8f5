# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the registries answer from which a build still has to fetch something.

Asked through `go` and `pip` themselves, so that whatever proxies and mirrors they use are tried.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox import packages, pypi, toolchain
from sandbox.commands import explain
from sandbox.findings import Finding, fine, missing, warn

# `doctor` takes two seconds at most; a registry that is only slow does not hinder a build.
_PATIENCE = 1.7
_QUESTION = "golang.org/x/sync@v0.22.0"


def check_go() -> Finding:
    """The registry of Go modules, or the index that brings Go itself."""
    subject = "Go modules"
    go = toolchain.find()
    if not go.program.is_file():
        return fine(subject, f"can be asked when `build` has fetched {go.version}")
    with tempfile.TemporaryDirectory(prefix="meshwright-sandbox-") as folder:
        environment = go.environment(Path(folder) / "build")
        environment |= {"GOMODCACHE": f"{folder}/modules", "GOFLAGS": "-modcacherw"}
        command = [str(go.program), "list", "-m", _QUESTION]
        return _ask(subject, command, environment, folder)


def check_pypi() -> Finding:
    """The Python package index, and pip to ask it with."""
    options = ["--disable-pip-version-check", "--retries", "0", "--pre"]
    command = [sys.executable, "-m", "pip", "index", "versions", pypi.ENVOY.project, *options]
    return _ask("Python packages", command, os.environ, "/")


def check_debian() -> Finding:
    """Either everything that Debian brings is there, or apt-get can install it."""
    subject = "Debian packages"
    if not (absent := packages.missing()):
        return fine(subject, "all installed")
    if packages.find_apt():
        return fine(subject, f"`build` installs {', '.join(absent)}")
    return missing(
        subject,
        f"{', '.join(absent)} not found, and no apt-get",
        "install them by the package manager of this system, the CNI plugins in /usr/lib/cni",
    )


def _ask(
    subject: str, command: Sequence[str], environment: Mapping[str, str], folder: str
) -> Finding:
    try:
        result = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return warn(subject, "no answer within two seconds", "check the network if it stays so")
    if result.returncode == 0:
        return fine(subject, "the registry answers")
    if known := explain(result.stderr):
        cause = known[0]
        return missing(subject, cause.message, cause.remedy)
    words = result.stderr.strip().splitlines() or ["no reason given"]
    return missing(subject, words[-1], "check the settings GOPROXY and PIP_INDEX_URL")
