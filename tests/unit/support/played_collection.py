# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection with some of its modules played by a stand-in, for tests of roles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_HERE = Path(__file__).resolve()
_ROOT = _HERE.parents[3]


def build(collections: Path, played: Sequence[str]) -> None:
    """By links to this checkout, but for the modules that are played."""
    place = collections / "ansible_collections/meshwright/istio"
    own = ("modules", "action")
    (place / "plugins").mkdir(parents=True)
    _link(_ROOT, place, ("plugins",))
    _link(_ROOT / "plugins", place / "plugins", own)
    for kind in own:
        (place / "plugins" / kind).mkdir()
        _link(_ROOT / "plugins" / kind, place / "plugins" / kind, [f"{name}.py" for name in played])
    stand_in = (_HERE.parent / "stand_in.py.txt").read_text(encoding="utf-8")
    for name in played:
        (place / "plugins/modules" / f"{name}.py").write_text(
            f"#!/usr/bin/python\n{stand_in}\nplay('{name}')\n", encoding="utf-8"
        )


def _link(source: Path, place: Path, without: Sequence[str]) -> None:
    for entry in source.iterdir():
        if entry.name not in (*without, ".git", ".collections", "__pycache__"):
            (place / entry.name).symlink_to(entry)
