# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run `molecule test` with what is given, as if nothing had been run before.

Molecule notes which scenarios are prepared. Where a run was interrupted the note stays, and the
next one would converge a mesh that nobody has prepared.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tools.environment import CHECKOUT

# All scenarios share their state; it is forgotten with that of any of them.
RESET = ("molecule", "reset", "--scenario-name", "default")


def main() -> None:
    """Forget, and become molecule."""
    forgotten = subprocess.run(RESET, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if forgotten.returncode:
        sys.exit(f"`{' '.join(RESET)}` failed:\n{forgotten.stdout}{forgotten.stderr}")
    # Ctrl-C is for molecule alone.
    os.execvp("molecule", ["molecule", "test", *sys.argv[1:]])  # noqa: S606


if __name__ == "__main__":
    main()
