# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user notices is in the changelog."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

NOTICED = ("plugins", "roles", "playbooks")


def missing_fragment(root: Path) -> Iterator[str]:
    """A change since the last release, or since the beginning, has a fragment."""
    release = _git(root, "describe", "--tags", "--abbrev=0", "--match", "[0-9]*")
    since = release[0] if release else ""
    # Against the working tree, so that it is noticed before the commit.
    changed = _git(root, "diff", "--name-only", since, "--", *NOTICED) if since else _files(root)
    fragments = [
        *root.glob("changelogs/fragments/*.yml"),
        *root.glob("changelogs/fragments/*.yaml"),
    ]
    if changed and not fragments:
        yield (
            f"changelogs/fragments: is empty, but {changed[0]} has changed "
            f"since {since or 'the beginning'}"
        )


def _files(root: Path) -> list[str]:
    return [
        str(file.relative_to(root))
        for folder in NOTICED
        for file in sorted(root.glob(f"{folder}/**/*"))
        if file.is_file()
    ]


def _git(root: Path, *arguments: str) -> list[str]:
    """The lines of the answer; none when git refuses, as without any tag."""
    answer = subprocess.run(
        ["git", "-c", "safe.directory=*", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.splitlines() if answer.returncode == 0 else []
