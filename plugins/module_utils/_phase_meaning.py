# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What is true after each phase, how that is seen, and its undo."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.meshwright.istio.plugins.module_utils._phase import Phase


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
    Phase.TARGET_READY: Meaning(
        true_after="The target has an Istio that can serve.",
        recognised_by="A control plane of the wanted version in the target.",
        undo="None; what stands in the target stays.",
    ),
    Phase.COMPARED: Meaning(
        true_after="No difference between the clusters forbids the switchover.",
        recognised_by="What mesh_compare finds; every run looks again.",
        undo=_NOTHING,
    ),
    Phase.TRIED: Meaning(
        true_after="The target has answered requests that were sent to it directly.",
        recognised_by="A trial of its own; every run tries again.",
        undo=_NOTHING,
    ),
    Phase.DIRECTOR_PREPARED: Meaning(
        true_after="Answers of the director are forgotten soon: a long time to live is lowered, and"
        " has passed.",
        recognised_by="The director, and what the journal knows of how it was before.",
        undo="Give the director the settings that it had.",
    ),
    Phase.WEIGHT_SHIFTED: Meaning(
        true_after="The target gets the share of this step, and both clusters have held with it.",
        recognised_by="The share that the director says is in force; in the journal, that the gate"
        " of the step has held.",
        undo="Give the whole share back to the source, before anything else.",
    ),
    Phase.DRAINED: Meaning(
        true_after="The gateways of the source see no requests and no sessions any more.",
        recognised_by="What the gateways of the source count.",
        undo=_NOTHING,
    ),
    Phase.DIRECTOR_RESTORED: Meaning(
        true_after="The director has the settings again that it had, but for the share.",
        recognised_by="The director.",
        undo=_NOTHING,
    ),
    Phase.VERIFIED: Meaning(
        true_after="Nothing uses the old revision, or in place the old version, any more, and every"
        " proxy is in sync. After a switchover, the mesh of the target is well and has all"
        " requests.",
        recognised_by="No namespace, pod, gateway, tag or proxy names the old revision; in place,"
        " no proxy runs the old version; what mesh_verify finds in the target.",
        undo=_NOTHING,
    ),
    Phase.DONE: Meaning(
        true_after="The upgrade is over and the lock is free. After a canary, the old revision"
        " still stands; in place, nothing of the old version is left. After a switchover, the"
        " source stands as it was.",
        recognised_by="The journal is closed as done.",
        undo="After a canary, an upgrade of its own, from the new revision to the old one. In"
        " place, there is none. After a switchover, one with source and target exchanged.",
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
