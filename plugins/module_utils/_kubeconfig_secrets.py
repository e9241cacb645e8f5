# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What of a kubeconfig nobody is to see."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_SECRET_KEYS = frozenset(
    {
        "token",
        "password",
        "client-key-data",
        "client-certificate-data",
        "id-token",
        "refresh-token",
        "access-token",
        "client-secret",
    }
)
# What is no secret (a profile, a region) is not hidden: its value may be a word of any result.
_SECRET_VARIABLE = re.compile(r"pass|secret|token|key|credential", re.IGNORECASE)


def secrets(value: Any) -> Iterator[str]:
    """The secrets of a kubeconfig that was given as a dictionary."""
    if isinstance(value, Mapping):
        # An entry of exec.env has a name and a value.
        variable = str(value.get("name", ""))
        for key, inner in value.items():
            if key in _SECRET_KEYS or (key == "value" and _SECRET_VARIABLE.search(variable)):
                if inner and isinstance(inner, str):
                    yield inner
            else:
                yield from secrets(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from secrets(inner)
