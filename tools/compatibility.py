# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the unit tests, and let ansible read every playbook, under another ansible-core."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Container
from pathlib import Path

from tools import ansible_test, environment, pythons
from tools.environment import CHECKOUT

# Each of these with the oldest Python that it runs on; the newest is what everything else runs on.
PYTHON_OF = {"2.19": "3.11", "2.20": "3.12"}
# Here it is ansible-test that runs them, so that they are not run once more for its sake.
BY_ANSIBLE_TEST = "2.20"
# The unit tests in two processes, each file in one.
AT_ONCE = ("-n", "2", "--dist", "loadfile")


def main() -> int:
    """`python -m tools.compatibility 2.19|2.20`."""
    core = sys.argv[1] if len(sys.argv) > 1 else ""
    if core not in possible(pythons.find()):
        print(f"usage: {main.__doc__} (and its Python must be installed)", file=sys.stderr)
        return 2
    folder = environment.ensure(pythons.find()[PYTHON_OF[core]], f"core-{core}")
    python = folder / "bin/python"
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".collections")}
    commands = ([str(python), "-m", *_unit_tests(core)], syntax_check())
    return max(subprocess.call(command, cwd=CHECKOUT, env=env) for command in commands)


def possible(found: Container[str]) -> list[str]:
    """The versions for which there is a Python."""
    return [core for core, minor in PYTHON_OF.items() if minor in found]


def reports(core: str) -> Path:
    if core == BY_ANSIBLE_TEST:
        return ansible_test.REPORTS
    return CHECKOUT / "tests/output/reports" / f"core-{core}"


def _unit_tests(core: str) -> list[str]:
    if core == BY_ANSIBLE_TEST:
        return ["tools.ansible_test", "units", "--python", PYTHON_OF[core]]
    report = f"--junitxml={reports(core)}/report.xml"
    without = [f"--ignore-glob={CHECKOUT / pattern}" for pattern in ansible_test.NOT_REPEATED]
    return ["pytest", "-q", "-p", "no:cacheprovider", report, *AT_ONCE, *without, "tests/unit"]


def syntax_check() -> list[str]:
    """The command that reads every playbook by its full name, running none."""
    names = (f"meshwright.istio.{file.stem}" for file in CHECKOUT.glob("playbooks/*.yml"))
    return ["ansible-playbook", "--syntax-check", "-i", "localhost,", *sorted(names)]


if __name__ == "__main__":
    sys.exit(main())
