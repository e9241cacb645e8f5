# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lint the documentation of the plugins and roles with antsibull-docs.

It works in a temporary folder whose name it puts into every page. One name of 37 ends with an
underscore, which reStructuredText takes for a reference; then it is asked once more.
"""

from __future__ import annotations

import sys

from tools.environment import CHECKOUT
from tools.running import run

_COLLECTION = ".collections/ansible_collections/meshwright/istio"
COMMAND = (
    *("antsibull-docs", "lint-collection-docs", "--plugin-docs"),
    *("--validate-collection-refs=all", _COLLECTION),
)
_NAME_OF_THE_FOLDER = 'Unknown target name: "antsibull-docs-'
_TRIES = 4


def main() -> int:
    """Show what is wrong; 0 when nothing is."""
    for _number in range(_TRIES):
        ended = run(COMMAND, cwd=CHECKOUT, tick=_tell)
        if _NAME_OF_THE_FOLDER not in ended.output:
            break
    print(ended.output, end="")
    return ended.code


def _tell(seconds: float) -> None:
    print(f"  the documentation is read, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
