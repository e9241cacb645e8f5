# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The removal of one revision: its own objects, by name, and the callers of istiod before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _control_plane,
    _inventory,
    _istiod,
    _kinds,
    _manifest,
    _owner,
    _readiness,
    _steps,
    _users,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import (
    ObjectName,
    labels_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    COMPONENT_LABEL,
    REVISION_LABEL,
    Revision,
)
from ansible_collections.meshwright.istio.plugins.module_utils._steps import HasOptions, Stage, Step
from ansible_collections.meshwright.istio.plugins.module_utils._users import Users
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter

# Found by label as well: what overlays renamed, or a version that we do not know yet added.
_LABELLED = (
    _kinds.CONFIG_MAP,
    _kinds.DEPLOYMENT,
    _kinds.HPA,
    _kinds.NETWORK_POLICY,
    _kinds.PDB,
    _kinds.ROLE,
    _kinds.ROLE_BINDING,
    _kinds.SERVICE,
    _kinds.SERVICE_ACCOUNT,
)


def read_users(api: Api, revision: Revision) -> Users:
    """Everybody who uses the revision."""
    istiods = _istiod.find_istiods(api, revision.namespace)
    answers = _istiod.ask_all(api, istiods)
    return _users.find(_inventory.read(api), _control_plane.read(api), revision, answers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """The deletions, the pods that have to end before, and whether any end is awaited."""

    revision: Revision
    steps: tuple[Step, ...]
    wait: bool
    ending: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """What the module returns beside the steps."""
        return {}

    def carry_out(self, api: Api, waiter: Waiter) -> dict[str, Any]:
        """Delete them, the callers of istiod before istiod."""
        for namespace, pods in groupby(self.ending, key=lambda pod: pod.partition("/")[0]):
            waiter.follow(api, _kinds.POD, namespace, "", _judge_ended(set(pods)))
        if self.steps:
            waiter.say(f"removing {self.revision}: {len(self.steps)} objects")
            _steps.run(api, self.steps, (Stage.INJECTORS, Stage.ISTIOD))
            if self.wait:
                selector = f"app=istiod,{REVISION_LABEL}={self.revision.name}"
                waiter.follow(api, _kinds.POD, self.revision.namespace, selector, judge_gone)
            _steps.run(api, self.steps, (Stage.ACCOUNTS, Stage.LEFTOVERS))
        return {}


def plan(api: Api, module: HasOptions, revision: Revision) -> Removal:
    """The deletion of every object that is the revision's own; RefusedError while it is used."""
    lives = _find(api, revision)
    for target, live in lives.items():
        _owner.refuse_foreign(target, live, module.params["take_over"])
    users = read_users(api, revision) if lives else Users()
    # Until it has ended, a pod needs its istiod for the requests that it still sends.
    in_the_way = replace(users, ending=()) if module.params["wait"] else users
    if in_the_way.any:
        raise RefusedError(
            f"{revision} is still used: {users.describe()}. Move or remove these first; nothing was"
            " deleted.",
            users=_users.summary(users),
        )
    steps = [_steps.deletion(target, live, _stage(target)) for target, live in lives.items()]
    return Removal(
        revision=revision,
        steps=tuple(steps),
        wait=module.params["wait"],
        ending=users.ending,
    )


def _find(api: Api, revision: Revision) -> dict[ObjectName, Object]:
    targets = (*revision.objects(), *revision.leases())
    found = api.each(lambda target: _steps.get(api, target), targets)
    lives = {
        target: live
        for target, live in zip(targets, found, strict=True)
        if live is not None and _is_own(live, revision)
    }
    selector = f"{REVISION_LABEL}={revision.name},{COMPONENT_LABEL}={_manifest.Component.PILOT}"
    for kind, items in zip(
        _LABELLED,
        api.each(
            lambda kind: api.list(kind, revision.namespace, label_selector=selector), _LABELLED
        ),
        strict=True,
    ):
        for item in items:
            name = item["metadata"]["name"]
            target = ObjectName(kind=kind, name=name, namespace=revision.namespace)
            if _manifest.is_installed(item, revision):
                lives.setdefault(target, item)
    return lives


def _is_own(item: Object, revision: Revision) -> bool:
    """Whether nothing says that the object, which has the right name, is another's."""
    labels = labels_of(item)
    component = labels.get(COMPONENT_LABEL, _manifest.Component.PILOT)
    return (
        labels.get(REVISION_LABEL, revision.name) == revision.name
        and component == _manifest.Component.PILOT
    )


def _stage(target: ObjectName) -> Stage:
    """Webhooks, then istiod, then what it lived on, then the elections that it may still renew."""
    if target.kind in (_kinds.MUTATING_WEBHOOK, _kinds.VALIDATING_WEBHOOK):
        return Stage.INJECTORS
    if target.kind in (_kinds.HPA, _kinds.DEPLOYMENT):
        return Stage.ISTIOD
    return Stage.LEFTOVERS if target.kind == _kinds.LEASE else Stage.ACCOUNTS


def _judge_ended(names: set[str]) -> Callable[[Sequence[Object]], Readiness]:
    """Whether none of these pods is there any more."""

    def judge(pods: Sequence[Object]) -> Readiness:
        keys = {f"{pod['metadata']['namespace']}/{pod['metadata']['name']}" for pod in pods}
        left = sorted(keys & names)
        if not left:
            return _readiness.READY
        return _readiness.waiting(f"{len(left)} pods with its sidecar are still ending: {left[0]}")

    return judge


def judge_gone(pods: Sequence[Object]) -> Readiness:
    """Whether the last istiod has ended."""
    if not pods:
        return _readiness.READY
    names = ", ".join(pod["metadata"]["name"] for pod in pods)
    return _readiness.waiting(f"istiod is still ending: {names}")
