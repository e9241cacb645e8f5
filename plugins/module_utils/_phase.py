# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Where an upgrade stands: what is true after each phase, how that is seen, and its undo."""

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
    VERIFIED = "verified"
    DONE = "done"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One row of the table of phases, in sentences."""

    true_after: str
    recognised_by: str
    undo: str


_NOTHING = "Nothing; there is nothing to undo."

TABLE: dict[Phase, Meaning] = {
    Phase.PREFLIGHT: Meaning(
        true_after="Every finding that would stop the upgrade has been looked for; none is left.",
        recognised_by="No unfinished journal; nothing in the cluster has been written.",
        undo=_NOTHING,
    ),
    Phase.OPENED: Meaning(
        true_after="The journal holds what the cluster looked like, and this run holds the lock.",
        recognised_by="The ConfigMap and the Lease meshwright-upgrade in the Istio namespace.",
        undo="Close the journal as rolled_back, which frees the lock.",
    ),
    Phase.REVISION_INSTALLED: Meaning(
        true_after="The control plane of the new revision stands beside the old one.",
        recognised_by="A ready istiod Deployment with the label istio.io/rev of the new revision.",
        undo="Remove the new revision, once nothing uses it any more.",
    ),
    Phase.REVISION_PROVEN: Meaning(
        true_after="The new revision answers and injects the right sidecar.",
        recognised_by="Its webhook has a caBundle and a ready endpoint, and a dry-run pod comes"
        " back with a sidecar of the new version.",
        undo=_NOTHING,
    ),
    Phase.WAVE_MOVED: Meaning(
        true_after="The namespaces of this wave and of all before it are labelled for the new"
        " revision; their pods run with it and their proxies are in sync. In place, no label"
        " changes: their proxies run the new version.",
        recognised_by="The namespaces' labels, the annotation istio.io/rev and the proxy's image of"
        " every pod, and the proxies that the new istiod reports as synced.",
        undo="Give the namespaces the labels that the journal holds and restart what is on the new"
        " revision, or in place on the new version.",
    ),
    Phase.GATEWAYS_MOVED: Meaning(
        true_after="Every gateway runs on the new revision, or in place the new version, under its"
        " old name and addresses.",
        recognised_by="The annotation istio.io/rev and the image of the gateways' pods; no"
        " Deployment of a gateway is held, and no old pod is left.",
        undo="Move the gateways back to the old revision, before any workload goes back.",
    ),
    Phase.TAGS_MOVED: Meaning(
        true_after="The tags, the default revision and the default validator point at the new"
        " revision.",
        recognised_by="The label istio.io/rev of each webhook configuration with istio.io/tag.",
        undo="Point the tags where the journal says that they pointed.",
    ),
    Phase.CONTROL_PLANE_SAFE: Meaning(
        true_after="The old control plane has at least two istiods and a disruption budget, so that"
        " one always answers while they are replaced.",
        recognised_by="The replicas of the istiod Deployment, and its PodDisruptionBudget.",
        undo="Install the old version again with its own settings.",
    ),
    Phase.CONTROL_PLANE_REPLACED: Meaning(
        true_after="The CRDs and the control plane are of the new version, with the settings that"
        " it had; every proxy is still of the old one.",
        recognised_by="The image of the istiod Deployment, every pod of which is ready.",
        undo="Install the old version again with its own istioctl and settings. The CRDs stay: they"
        " fit the old version too, and to replace them could delete what they hold.",
    ),
    Phase.CONTROL_PLANE_PROVEN: Meaning(
        true_after="The new control plane answers and injects the new sidecar.",
        recognised_by="Its webhook has a caBundle and a ready endpoint, and a dry-run pod comes"
        " back with a sidecar of the new version.",
        undo=_NOTHING,
    ),
    Phase.CONTROL_PLANE_RESTORED: Meaning(
        true_after="The control plane has as many istiods, the autoscaler and the disruption budget"
        " that its settings ask for.",
        recognised_by="The replicas of the istiod Deployment, its autoscaler and its budget.",
        undo=_NOTHING,
    ),
    Phase.VERIFIED: Meaning(
        true_after="Nothing uses the old revision, or in place the old version, any more, and every"
        " proxy is in sync.",
        recognised_by="No namespace, pod, gateway, tag or proxy names the old revision; in place,"
        " no proxy runs the old version.",
        undo=_NOTHING,
    ),
    Phase.DONE: Meaning(
        true_after="The upgrade is over and the lock is free. After a canary, the old revision"
        " still stands; in place, nothing of the old version is left.",
        recognised_by="The journal is closed as done.",
        undo="After a canary, an upgrade of its own, from the new revision to the old one. In"
        " place, there is none.",
    ),
    Phase.ROLLING_BACK: Meaning(
        true_after="The way back has begun; the journal still says how far the upgrade had come.",
        recognised_by="The journal; the cluster is between two phases.",
        undo="Finish the way back, then upgrade again.",
    ),
    Phase.ROLLED_BACK: Meaning(
        true_after="Everything is as it was before the upgrade, and the lock is free.",
        recognised_by="The journal is closed as rolled_back; nothing names the new revision.",
        undo="Upgrade again.",
    ),
    Phase.ABANDONED: Meaning(
        true_after="Somebody has given the upgrade up: what it had moved stays where it is.",
        recognised_by="The journal is closed as abandoned.",
        undo="Upgrade again from what there is.",
    ),
}

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
}
CLOSING = (Phase.DONE, Phase.ROLLED_BACK, Phase.ABANDONED)
# What `advance` may be told: not how an upgrade opens, and not how it ends.
ADVANCING = (
    *dict.fromkeys(phase for order in ORDER.values() for phase in order[1:]),
    Phase.ROLLING_BACK,
)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Step:
    """A phase of an upgrade; `wave` counts from 1 in the phase that has waves, else it is 0."""

    phase: Phase
    wave: int = 0

    def __post_init__(self) -> None:
        if (self.wave > 0) != (self.phase is Phase.WAVE_MOVED):
            raise BadInputError(
                f"wave: got {self.wave or 'none'} with phase={self.phase}; right is a number from 1"
                f" with phase={Phase.WAVE_MOVED}, and none with any other phase."
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
