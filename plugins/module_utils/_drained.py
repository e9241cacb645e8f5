# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What became of one pod on its way out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """One pod's way out; times as people read them, None for what did not happen or is not known.

    `open_at_out` and `open_at_end` are how many requests it had open.
    """

    pod: str
    revision: str | None
    released: str | None = None
    out: str | None = None
    acknowledged: str | None = None
    ended: str | None = None
    proxies: int = 0
    open_at_out: int | None = None
    open_at_end: int | None = None
    seconds: float = 0.0

    def asdict(self) -> dict[str, Any]:
        return asdict(self)
