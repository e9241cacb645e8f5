# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Move gateways: a stand-in on the new revision, then the gateway itself, then no stand-in."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _control_plane,
    _gateway,
    _kinds,
    _readiness,
    _stand_in,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    NotReadyError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._gateway import Gateway, Target
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._result import Change
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayJob:
    """What the module has planned: all the gateways, and those that have to move."""

    target: Target
    gateways: tuple[Gateway, ...]
    deployments: Mapping[Reference, Object]

    @property
    def todo(self) -> tuple[Gateway, ...]:
        return tuple(
            gateway
            for gateway in self.gateways
            if gateway.stand_ins or not gateway.is_on(self.target)
        )

    def changes(self) -> list[Change]:
        return [gateway.change(self.target) for gateway in self.todo]

    def summary(self, seconds: Mapping[Reference, float]) -> list[dict[str, Any]]:
        """The entry of each gateway in the module's result."""
        return [
            {
                **gateway.workload.reference.asdict(),
                "before": list(gateway.revisions),
                "after": self._after(gateway),
                "changed": gateway in self.todo,
                "seconds": seconds.get(gateway.workload.reference, 0.0),
            }
            for gateway in self.gateways
        ]

    def _after(self, gateway: Gateway) -> list[str]:
        if gateway not in self.todo:
            return list(gateway.revisions)
        return [self.target.revision] if gateway.workload.desired else []

    def carry_out(self, api: Api, waiter: Waiter) -> dict[Reference, float]:
        """Move them side by side; how many seconds each took."""
        took: dict[Reference, float] = {}

        def move(gateway: Gateway) -> None:
            started = time.monotonic()
            original = self.deployments[gateway.workload.reference]
            _Move(api, waiter, gateway, self.target).run(original)
            took[gateway.workload.reference] = round(time.monotonic() - started, 1)

        api.each(move, self.todo)
        return took


class _Move:
    """The move of one gateway; each step is recognised in the cluster, so it may be cut off."""

    def __init__(self, api: Api, waiter: Waiter, gateway: Gateway, target: Target) -> None:
        self._api = api
        self._waiter = waiter
        self._gateway = gateway
        self._target = target
        self._namespace = gateway.namespace

    def run(self, original: Object) -> None:
        scaled_up = self._gateway.workload.desired > 0
        if not self._gateway.is_on(self._target):
            if scaled_up:
                self._stand_in(original)
            self._move_original()
        if scaled_up:
            # Also where a run that was killed has moved it: its pods may not be ready yet.
            self._wait_for(self._gateway.name, f"the {self._gateway}")
        stale = _stand_in.name_for(self._gateway.name, self._target.name)
        for name in {*self._gateway.stand_ins, stale}:
            self._api.delete(_kinds.DEPLOYMENT, name, self._namespace)

    def _stand_in(self, original: Object) -> None:
        document = _stand_in.build(
            original,
            self._gateway.labels_for(self._target),
            target=self._target.name,
            replicas=self._gateway.workload.desired,
        )
        name = document["metadata"]["name"]
        manager = _stand_in.FIELD_MANAGER
        self._api.apply(_kinds.DEPLOYMENT, document, field_manager=manager)
        try:
            self._wait_for(name, f"the stand-in of the {self._gateway}")
        except NotReadyError:
            if name not in self._gateway.stand_ins or self._is_whole():
                # The gateway itself was not touched, or needs no help: it serves on.
                self._api.delete(_kinds.DEPLOYMENT, name, self._namespace)
            raise

    def _is_whole(self) -> bool:
        """Whether the gateway had every pod of its own when this run began."""
        workload = self._gateway.workload
        return all(judge(workload).ready for judge in (_readiness.observed, _readiness.complete))

    def _move_original(self) -> None:
        before, after = (
            self._gateway.workload.template_labels,
            self._gateway.labels_for(self._target),
        )
        gone = dict.fromkeys(before.keys() - after.keys())
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        metadata = {
            "labels": {**gone, **after},
            # Where the labels stay as they are, the namespace decides, and this asks for new pods.
            "annotations": {"kubectl.kubernetes.io/restartedAt": now},
        }
        body = {"spec": {"template": {"metadata": metadata}}}
        self._api.patch(_kinds.DEPLOYMENT, self._gateway.name, body, self._namespace)

    def _wait_for(self, name: str, what: str) -> None:
        def judge(deployments: Iterable[Object]) -> Readiness:
            found = [each for each in deployments if each["metadata"]["name"] == name]
            if not found:
                return _readiness.waiting(f"{what} is not there yet")
            answer = self._judge(Workload.from_object(found[0]))
            return answer if answer.ready else replace(answer, reason=f"{what}: {answer.reason}")

        self._waiter.follow(self._api, _kinds.DEPLOYMENT, self._namespace, "", judge)

    def _judge(self, workload: Workload) -> Readiness:
        seen = _readiness.observed(workload)
        if not seen.ready:
            return seen
        listed = map(Pod.from_object, self._api.list(_kinds.POD, self._namespace))
        pods = [pod for pod in listed if pod.owner == workload.reference and pod.live]
        wrong = [pod.name for pod in pods if pod.revision != self._target.revision]
        complete = _readiness.complete(workload)
        if complete.ready and wrong:
            names = ", ".join(wrong)
            return _readiness.hopeless(f"{names} came up without {self._target.revision}")
        trouble = _readiness.trouble_of(pods)
        return complete if trouble.ready else trouble


def plan(api: Api, names: Sequence[Reference], revision: str) -> GatewayJob:
    """Read the gateways and refuse what cannot be moved before anything is."""
    mesh = _control_plane.read(api)
    resolved = mesh.resolve(revision)
    if resolved is None:
        known = ", ".join(sorted({plane.revision for plane in mesh.control_planes})) or "none"
        raise BadInputError(
            f"revision: got '{revision}', which is neither a revision nor a tag of this cluster;"
            f" right is one of {known}, or a tag."
        )
    target = Target(name=revision, revision=resolved)
    found, deployments = _read(api, names)
    job = GatewayJob(target=target, gateways=found, deployments=deployments)
    services = {
        space: api.list(_kinds.SERVICE, space) for space in {each.namespace for each in job.todo}
    }
    for gateway in job.todo:
        if not gateway.is_on(target):
            _gateway.refuse_unmovable(gateway, target, services[gateway.namespace], mesh.injectors)
    return job


def _read(
    api: Api, names: Sequence[Reference]
) -> tuple[tuple[Gateway, ...], dict[Reference, Object]]:
    listed, spaces, pods = api.each(api.list, (_kinds.DEPLOYMENT, _kinds.NAMESPACE, _kinds.POD))
    deployments = {
        Workload.from_object(item).reference: item for item in listed if _gateway.is_gateway(item)
    }
    if missing := [str(name) for name in names if name not in deployments]:
        raise BadInputError(
            f"gateways: {', '.join(missing)} is no gateway by injection; right is one of"
            f" {', '.join(map(str, sorted(deployments))) or 'none, as there is none'}."
        )
    chosen = {name: deployments[name] for name in names or sorted(deployments)}
    labels = {item["metadata"]["name"]: labels_of(item) for item in spaces}
    by_owner: dict[Reference | None, list[Pod]] = defaultdict(list)
    for pod in map(Pod.from_object, pods):
        by_owner[pod.owner].append(pod)
    stand_ins = _by_gateway(listed)
    services = {
        space: api.list(_kinds.SERVICE, space) for space in {name.namespace for name in chosen}
    }
    gateways = []
    for reference, item in chosen.items():
        workload = Workload.from_object(item)
        mark = (reference.namespace, _stand_in.mark_for(reference.name))
        gateways.append(
            Gateway(
                workload=workload,
                uid=item["metadata"]["uid"],
                namespace_labels=labels.get(reference.namespace, {}),
                pods=tuple(by_owner[reference]),
                services=_gateway.services_for(
                    services[reference.namespace], workload.template_labels
                ),
                stand_ins=tuple(stand_ins.get(mark, ())),
            )
        )
    return tuple(gateways), chosen


def _by_gateway(deployments: Iterable[Object]) -> dict[tuple[str, str], list[str]]:
    """The stand-ins that are there, by the namespace and the mark of their gateway."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for item in deployments:
        if _stand_in.is_stand_in(item):
            metadata = item["metadata"]
            mark = metadata["labels"][_stand_in.STANDS_IN_FOR]
            found[metadata["namespace"], mark].append(metadata["name"])
    return found
