# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The rights that an upgrade needs, as the notes of the modules that it is made of have them.

Only what is written or reached into: what may not be read is found while it is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._access import Right
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import DrainMode
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.need import Need, Weight
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

Kubernetes = tuple[int, int]
_ASKS_FOR_BOTH: Kubernetes = (1, 35)
_OF_THE_CLUSTER = (
    _kinds.CRD,
    _kinds.CLUSTER_ROLE,
    _kinds.CLUSTER_ROLE_BINDING,
    _kinds.MUTATING_WEBHOOK,
    _kinds.VALIDATING_WEBHOOK,
)
_BESIDE_ISTIOD = (
    _kinds.CONFIG_MAP,
    _kinds.DEPLOYMENT,
    _kinds.PDB,
    _kinds.ROLE,
    _kinds.ROLE_BINDING,
    _kinds.SERVICE,
    _kinds.SERVICE_ACCOUNT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """What is moved: the kinds of the workloads that are restarted, and gateways of either sort.

    `injected` gateways get their proxy from a webhook, `deployed` ones are made by istiod.
    """

    kinds: frozenset[Kind] = frozenset()
    injected: bool = False
    deployed: bool = False


def find(upgrade: Upgrade, moves: Moves, kubernetes: Kubernetes) -> Iterator[Need]:
    """All of them, on that release of Kubernetes."""
    yield from _for_the_record(upgrade.istio_namespace)
    yield from _for_the_installation(upgrade)
    yield from _reaching(kubernetes, "to ask istiod for its proxies", upgrade.istio_namespace)
    if not upgrade.in_place:
        right = Right(verb="patch", kind=_kinds.NAMESPACE)
        yield Need(right=right, purpose="to move the namespaces")
    if moves.kinds:
        yield from _for_the_workloads(upgrade, moves)
    if moves.injected or moves.deployed:
        yield from _for_the_gateways(deployed=moves.deployed, in_place=upgrade.in_place)
    drained = bool(moves.kinds) and upgrade.drain is not DrainMode.ROLLOUT
    if drained or moves.injected or moves.deployed:
        yield from _to_drain(kubernetes)


def _for_the_record(namespace: str) -> Iterator[Need]:
    for kind in (_kinds.LEASE, _kinds.CONFIG_MAP):
        for verb in ("create", "update"):
            yield Need(
                right=Right(verb=verb, kind=kind, namespace=namespace),
                purpose="for the lock and the journal",
                weight=Weight.BEGINNING,
            )


def _for_the_installation(upgrade: Upgrade) -> Iterator[Need]:
    purpose = "to install the control plane"
    for verb in ("create", "patch"):
        for kind in _OF_THE_CLUSTER:
            yield Need(right=Right(verb=verb, kind=kind), purpose=purpose)
        for kind in _BESIDE_ISTIOD:
            right = Right(verb=verb, kind=kind, namespace=upgrade.istio_namespace)
            yield Need(right=right, purpose=purpose)
    tried = [(_kinds.POD, "to try images and the injection")]
    if upgrade.in_place:
        tried.append((_kinds.VIRTUAL_SERVICE, "to try the validation"))
    for kind, why in tried:
        right = Right(verb="create", kind=kind, namespace=upgrade.istio_namespace)
        yield Need(right=right, purpose=why)


def _for_the_workloads(upgrade: Upgrade, moves: Moves) -> Iterator[Need]:
    for kind in sorted(moves.kinds, key=lambda each: each.plural):
        right = Right(verb="patch", kind=kind)
        yield Need(right=right, purpose="to restart the workloads", spread=True)
    if upgrade.drain is DrainMode.ROLLOUT:
        yield Need(
            right=Right(verb="create", kind=_kinds.POD, subresource="eviction"),
            purpose="to replace pods one by one",
            spread=True,
        )
    elif _kinds.DAEMON_SET in moves.kinds:
        purpose = "to let a pod stand in for one of a DaemonSet"
        for verb, kind in (("create", _kinds.POD), ("get", _kinds.CONTROLLER_REVISION)):
            yield Need(right=Right(verb=verb, kind=kind), purpose=purpose, spread=True)


def _for_the_gateways(*, deployed: bool, in_place: bool) -> Iterator[Need]:
    kinds = [_kinds.DEPLOYMENT]
    if deployed:
        kinds.append(_kinds.REPLICA_SET)
    # In place they follow the revision that they have.
    if deployed and not in_place:
        kinds.append(_kinds.K8S_GATEWAY)
    for kind in kinds:
        right = Right(verb="patch", kind=kind)
        yield Need(right=right, purpose="to move the gateways", spread=True)


def _to_drain(kubernetes: Kubernetes) -> Iterator[Need]:
    purpose = "to drain the pods that leave"
    yield Need(right=Right(verb="watch", kind=_kinds.POD), purpose=purpose)
    for verb in ("get", "patch", "delete"):
        yield Need(right=Right(verb=verb, kind=_kinds.POD), purpose=purpose, spread=True)
    yield from _reaching(kubernetes, purpose)
    yield Need(
        right=Right(verb="patch", kind=_kinds.POD, subresource="status"),
        purpose="to let Services find a pod unready before it leaves",
        weight=Weight.CARE,
        spread=True,
    )


def _reaching(kubernetes: Kubernetes, purpose: str, namespace: str | None = None) -> Iterator[Need]:
    # A websocket begins with a GET; from this release on the API server asks for create as well.
    for verb in ("create", "get") if kubernetes >= _ASKS_FOR_BOTH else ("get",):
        right = Right(verb=verb, kind=_kinds.POD, subresource="portforward", namespace=namespace)
        yield Need(right=right, purpose=purpose, spread=namespace is None)
