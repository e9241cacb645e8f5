# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The manifests that lie beside this file, with the values that differ by cluster filled in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent


def load(name: str, **values: str) -> list[dict[str, Any]]:
    """The objects in a file; `{{ name }}` in it stands for a value."""
    text = (FOLDER / f"{name}.yml").read_text()
    filled = re.sub(r"\{\{ (\w+) \}\}", lambda found: values[found[1]], text)
    return [document for document in yaml.safe_load_all(filled) if document]
