# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make a checkout ready to run, and print the folder of its virtual environment."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path

from tools import environment, pythons
from tools.environment import CHECKOUT, SetupError, say
from tools.running import run


def main() -> int:
    """Everything but the answer goes to standard error."""
    try:
        folder = environment.ensure(newest_python(), "development")
        link_checkout()
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    print(folder)
    return 0


def newest_python() -> Path:
    """The newest interpreter that can be used; on Debian without venv, that is installed first."""
    found = pythons.find() or (install_debian_packages("python3-venv") and pythons.find())
    if not found:
        raise SetupError(
            f"no usable Python was found: one of {', '.join(pythons.MINORS)} is needed, with venv. "
            "On Debian or Ubuntu: apt install python3-venv"
        )
    return next(iter(found.values()))


def link_checkout() -> None:
    """Let ansible.cfg and pytest find the checkout as the collection that it is."""
    link = CHECKOUT / ".collections/ansible_collections/meshwright/istio"
    if not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        # Another setup may be doing the same just now.
        with contextlib.suppress(FileExistsError):
            link.symlink_to("../../..", target_is_directory=True)


def install_debian_packages(*names: str) -> bool:
    """Install packages where that can be done without asking; whether it was."""
    apt = shutil.which("apt-get")
    if os.geteuid() != 0 or apt is None:
        return False
    say(f"installing {' '.join(names)} by apt")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    options = ["-q", "-y", "-o", "DPkg::Lock::Timeout=300", "--no-install-recommends"]
    for arguments in (["update"], ["install", *names]):
        ended = run(
            [apt, *options, *arguments],
            env=env,
            tick=lambda seconds: say(f"apt is still at it, {seconds:.0f} s"),
        )
        if ended.code != 0:
            say(f"apt-get {arguments[0]} failed:\n{ended.tail(5)}")
            return False
    return True


if __name__ == "__main__":
    sys.exit(main())
