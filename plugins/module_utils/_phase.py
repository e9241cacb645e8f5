# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Where an upgrade stands, and what comes next; `_phase_meaning.py` says what each phase means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)


class Path(StrEnum):
    """How an upgrade is done."""

    CANARY = "canary"
    IN_PLACE = "in_place"
    SWITCHOVER = "switchover"


class Phase(StrEnum):
    """What has been reached; written down before the next one begins."""

    PREFLIGHT = "preflight"
    OPENED = "opened"
    REVISION_INSTALLED = "revision_installed"
    REVISION_PROVEN = "revision_proven"
    WAVE_MOVED = "wave_moved"
    GATEWAYS_MOVED = "gateways_moved"
    TAGS_MOVED = "tags_moved"
    CONTROL_PLANE_SAFE = "control_plane_safe"
    CONTROL_PLANE_REPLACED = "control_plane_replaced"
    CONTROL_PLANE_PROVEN = "control_plane_proven"
    CONTROL_PLANE_RESTORED = "control_plane_restored"
    TARGET_READY = "target_ready"
    COMPARED = "compared"
    TRIED = "tried"
    DIRECTOR_PREPARED = "director_prepared"
    WEIGHT_SHIFTED = "weight_shifted"
    DRAINED = "drained"
    DIRECTOR_RESTORED = "director_restored"
    VERIFIED = "verified"
    DONE = "done"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"
    ABANDONED = "abandoned"


ORDER: dict[Path, tuple[Phase, ...]] = {
    Path.CANARY: (
        Phase.OPENED,
        Phase.REVISION_INSTALLED,
        Phase.REVISION_PROVEN,
        Phase.WAVE_MOVED,
        Phase.GATEWAYS_MOVED,
        Phase.TAGS_MOVED,
        Phase.VERIFIED,
    ),
    Path.IN_PLACE: (
        Phase.OPENED,
        Phase.CONTROL_PLANE_SAFE,
        Phase.CONTROL_PLANE_REPLACED,
        Phase.CONTROL_PLANE_PROVEN,
        Phase.GATEWAYS_MOVED,
        Phase.WAVE_MOVED,
        Phase.CONTROL_PLANE_RESTORED,
        Phase.VERIFIED,
    ),
    Path.SWITCHOVER: (
        Phase.OPENED,
        Phase.TARGET_READY,
        Phase.COMPARED,
        Phase.TRIED,
        Phase.DIRECTOR_PREPARED,
        Phase.WEIGHT_SHIFTED,
        Phase.DRAINED,
        Phase.DIRECTOR_RESTORED,
        Phase.VERIFIED,
    ),
}
# They are reached again and again, each time further: by waves, or by steps of weight.
COUNTED = (Phase.WAVE_MOVED, Phase.WEIGHT_SHIFTED)
CLOSING = (Phase.DONE, Phase.ROLLED_BACK, Phase.ABANDONED)
# What `advance` may be told: not how an upgrade opens, and not how it ends.
ADVANCING = (
    *dict.fromkeys(phase for order in ORDER.values() for phase in order[1:]),
    Phase.ROLLING_BACK,
)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Step:
    """A phase of an upgrade; `wave` counts from 1 in a phase with waves or steps, else it is 0."""

    phase: Phase
    wave: int = 0

    def __post_init__(self) -> None:
        if (self.wave > 0) != (self.phase in COUNTED):
            raise BadInputError(
                f"wave: got {self.wave or 'none'} with phase={self.phase}; right is a number from 1"
                f" with phase={' or '.join(COUNTED)}, and none with any other phase."
            )

    def __str__(self) -> str:
        return f"{self.phase} {self.wave}" if self.wave else str(self.phase)


def is_ahead(path: Path, current: Step, wanted: Step) -> bool:
    """Whether `wanted` is further on than `current`; refused where it leads nowhere.

    A phase that was reached before is not ahead: a run that goes on says it again.
    """
    if current.phase is Phase.ROLLING_BACK and wanted.phase is not Phase.ROLLING_BACK:
        raise RefusedError(
            f"The upgrade is on its way back, so it cannot reach {wanted}. Finish the way back with"
            " roll_back.yml, then upgrade again.",
            phase=str(current.phase),
        )
    if wanted.phase is Phase.ROLLING_BACK:
        return current.phase is not Phase.ROLLING_BACK
    order = ORDER[path]
    if wanted.phase not in order:
        raise BadInputError(
            f"phase: got '{wanted.phase}', which is none of the path {path}; right is one of"
            f" {', '.join(order[1:])}."
        )
    return (order.index(wanted.phase), wanted.wave) > (order.index(current.phase), current.wave)
