# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""For how long a pod that is on its way out is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError

# For how many seconds nobody must have asked a gateway: whenever the kubelet finds it ready, every
# ten seconds, some come again for a moment.
QUIET = 5.0
# For how many seconds a request may still be on its way once every proxy knows: each of a proxy's
# threads learns by itself, and one that chose the pod before may have a connection to make first.
UNDERWAY = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """For how many seconds a pod is kept once every proxy knows that it takes no more requests.

    `limit` where its open requests are seen, `hold` where they are not.
    """

    limit: int = 45
    hold: int = 10

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Patience:
        """Read a module's options; refused where they contradict each other."""
        hold, limit = params["drain_hold"], params["drain_timeout"]
        if limit < 1:
            raise BadInputError(f"drain_timeout: got {limit}; right is 1 or more.")
        if not 0 <= hold <= limit:
            raise BadInputError(
                f"drain_hold: got {hold} with drain_timeout={limit}; right is 0 to {limit}, since"
                " what is not seen is not waited for longer than what is."
            )
        return cls(limit=limit, hold=hold)
