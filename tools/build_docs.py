# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Render the guides and a page for each module and role to HTML in build/docs."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.environment import CHECKOUT
from tools.running import run

FOLDER = CHECKOUT / "build/docs"
_NAME = "meshwright.istio"
_SOURCE = FOLDER / "source"
_WANTED = ("--use-current", "--squash-hierarchy", "--dest-dir")
# Links to Ansible's own pages; what these are called is on hosts that need not be reached.
_FOREIGN = re.compile(
    r"undefined label: '(?!ansible_collections\.meshwright\.)|failed to reach any of the inv"
)


def main() -> int:
    """1 when something could not be rendered, or a page has a link that leads nowhere."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    pages = _SOURCE / "rst"
    _SOURCE.mkdir(parents=True)
    _do(
        "preparing Sphinx",
        [*("antsibull-docs", "sphinx-init", *_WANTED), _SOURCE, "--title", _NAME, _NAME],
    )
    # antsibull-docs writes only where nobody else may.
    pages.chmod(0o755)
    settings = ("--config-file", _SOURCE / "antsibull-docs.cfg")
    _do(
        "reading the guides, the modules and the roles",
        ["antsibull-docs", *settings, "collection", *_WANTED, pages, "--fail-on-error", _NAME],
    )
    said = _do(
        "rendering the pages",
        ["sphinx-build", "-q", "-c", _SOURCE, pages, FOLDER / "html"],
    )
    wrong = own_warnings(said)
    for line in wrong:
        print(line)
    print(f"{FOLDER.relative_to(CHECKOUT)}/html/index.html, {len(wrong)} warnings")
    return 1 if wrong else 0


def own_warnings(said: str) -> list[str]:
    """What Sphinx found wrong with our pages."""
    marks = ("WARNING:", "ERROR:")
    lines = [line for line in said.splitlines() if any(mark in line for mark in marks)]
    return [line for line in lines if not _FOREIGN.search(line)]


def _do(what: str, command: Sequence[str | Path]) -> str:
    """Run one step, telling that it still works; what it wrote."""
    print(f"{what} ...", flush=True)
    env = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".collections"),
        "LC_ALL": "C.UTF-8",
    }
    ended = run(
        command,
        cwd=CHECKOUT,
        env=env,
        tick=lambda seconds: print(f"{what} ... {seconds:.0f} s", flush=True),
    )
    if ended.code != 0:
        sys.exit(f"{what} failed:\n{ended.tail()}")
    return ended.output


if __name__ == "__main__":
    sys.exit(main())
