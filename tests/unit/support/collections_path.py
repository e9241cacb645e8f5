# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the collection is that the tests belong to, for playbooks that they run."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve()


def collections_path() -> str:
    """The folder that this checkout lies in as a collection, or that has a link to it."""
    for parent in _HERE.parents:
        if parent.name == "ansible_collections":
            return str(parent.parent)
    return str(_HERE.parents[3] / ".collections")
