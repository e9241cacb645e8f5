# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A share of many names, chosen so that a share that grows keeps every name it had."""

from __future__ import annotations

import hashlib

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError


def check_share(share: float) -> None:
    """Refuse what is no share."""
    if not 0 < share <= 100:
        raise BadInputError(f"share: got {share:g}; right is more than 0 and at most 100 per cent.")


def is_within(name: str, share: float) -> bool:
    """Whether the name belongs to so many per cent of all names that there could be.

    Depends on the name alone: names that come and go never move another one in or out.
    """
    return position(name) < share


def position(name: str) -> float:
    """Where the name stands, from 0 to 100; the same on every machine and in every run."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:8], "big") * 100 / 2**64
