# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""YAML of any size: a manifest of Istio is 800 KiB, and PyYAML alone reads that in ten seconds."""

from __future__ import annotations

from typing import Any


def load_all(text: str) -> list[Any]:
    """The documents that are not empty; ValueError with the place when it is not valid."""
    import yaml  # noqa: PLC0415 - most runs of most modules read none

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return [each for each in yaml.load_all(text, Loader=loader) if each is not None]
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
