# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Many namespaces written at once, each with one patch, within a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _result
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError, MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import Move

# Another writer was faster, the server was busy, or nobody answered. To send the same labels again
# does no harm where only the answer was lost.
_PASSING = frozenset({0, 409, 429, 500, 502, 503, 504})
_SHORTEST_PAUSE = 0.1
_LONGEST_PAUSE = 8.0
# What is sent just before the end has this time for its answer, else nobody knew what came of it.
_SHORTEST_WAIT = 1.0
_NOT_FOUND = 404
_NAMED_IN_MESSAGE = 5


def write(
    api: Api,
    moves: Sequence[Move],
    *,
    timeout: float,
    leave_out: bool = False,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Move, ...]:
    """Send every move and say what came of each; no failure keeps another from being tried.

    A namespace that has gone meanwhile has failed, or is left out.
    """
    end = clock() + timeout

    def send(move: Move) -> Move | None:
        refusal = f"it was not reached within {timeout:g} s."
        pause = _SHORTEST_PAUSE
        while (left := end - clock()) > 0:
            seconds = max(left, _SHORTEST_WAIT)
            try:
                api.patch(_kinds.NAMESPACE, move.name, move.patch(), seconds=seconds)
            except ApiError as error:
                if error.status == _NOT_FOUND and leave_out:
                    return None
                refusal = error.message
                if error.status not in _PASSING:
                    break
                sleep(max(min(pause, end - clock()), 0))
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                return move
        return replace(move, error=refusal)

    wanted = [move for move in moves if move.changed]
    sent = dict(zip((move.name for move in wanted), api.each(send, wanted), strict=True))
    outcomes = (sent.get(move.name, move) for move in moves)
    return tuple(outcome for outcome in outcomes if outcome is not None)


def report(moves: Sequence[Move], left_out: Sequence[str] = ()) -> dict[str, Any]:
    """The module's result; MeshError with the same keys when a namespace failed."""
    failed = [move for move in moves if move.error is not None]
    done = [move for move in moves if move.changed and move.error is None]
    result = {
        "changed": bool(done),
        "namespaces": [move.summary() for move in moves],
        "counts": {
            "chosen": len(moves),
            "changed": len(done),
            "unchanged": len(moves) - len(done) - len(failed),
            "failed": len(failed),
        },
        "left_out": list(left_out),
        "diff": _result.diff(move.change() for move in done),
    }
    if failed:
        result["failed_namespaces"] = [move.name for move in failed]
        raise MeshError(_describe(failed, len(done) + len(failed)), **result)
    return result


def _describe(failed: Sequence[Move], wanted: int) -> str:
    named = " ".join(f"{move.name}: {move.error}" for move in failed[:_NAMED_IN_MESSAGE])
    more = len(failed) - _NAMED_IN_MESSAGE
    return (
        f"{len(failed)} of {wanted} namespaces could not be changed. {named}"
        + (f" And {more} more, all in failed_namespaces." if more > 0 else "")
        + " The others are done: remove the cause and run it again."
    )
