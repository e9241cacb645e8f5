# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A plan carried out: the writes in their order, and between them the waits that make it safe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _image_trial,
    _images,
    _injection_proof,
    _kinds,
    _proof,
    _readiness,
    _steps,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._image_trial import Trial
from ansible_collections.meshwright.istio.plugins.module_utils._images import Images
from ansible_collections.meshwright.istio.plugins.module_utils._pulling import Pulling
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._steps import Action, Stage, Step
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload

_UNTIL_ISTIOD = (Stage.ACCOUNTS, Stage.SETTINGS, Stage.SERVICES, Stage.ISTIOD)
_AFTER_ISTIOD = (
    Stage.CHANGED_SETTINGS,
    Stage.INJECTORS,
    Stage.VALIDATORS,
    Stage.TAGS,
    Stage.LEFTOVERS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How it is done: are images tried first, how are they pulled, is istiod awaited."""

    revision: Revision
    images: Images
    try_images: bool
    pulling: Pulling
    wait: bool


def carry_out(api: Api, steps: Sequence[Step], manner: Manner, waiter: Waiter) -> None:
    """Write what the steps change."""
    revision, images = manner.revision, manner.images
    _steps.run(api, steps, (Stage.NAMESPACE,))
    new = _new_images(steps, manner) if manner.try_images else ()
    if new:
        trial = Trial(images=new, pull_policy=images.pull_policy, pulling=manner.pulling)
        _image_trial.run(api, revision.namespace, trial, waiter)
    if any(step.changes for step in steps):
        waiter.say(f"writing the objects of {revision}")
    _steps.run(api, steps, (Stage.KINDS,))
    _wait_for_kinds(api, steps, waiter)
    _steps.run(api, steps, _UNTIL_ISTIOD)
    if manner.wait:
        _proof.wait_for_istiod(api, revision, waiter)
    _steps.run(api, steps, _AFTER_ISTIOD)
    _steps.run(api, steps, (Stage.NODES,))


def prove(api: Api, steps: Sequence[Step], manner: Manner, waiter: Waiter) -> dict[str, Any]:
    """Wait until the control plane can serve, and say what was seen of it."""
    revision, images = manner.revision, manner.images
    _proof.wait_for_istiod(api, revision, waiter)
    _proof.wait_for_webhooks(api, revision, waiter)
    _wait_for_nodes(api, steps, waiter)
    injected = _injection_proof.wait_for_injection(api, revision, images, waiter)
    return {"istiod_image": images.istiod, "injected": injected}


def _new_images(steps: Iterable[Step], manner: Manner) -> tuple[str, ...]:
    """Those that the control plane does not name yet."""
    revision, images = manner.revision, manner.images
    live = {(step.target.kind, step.target.name): step.before for step in steps}
    deployment = live.get((_kinds.DEPLOYMENT, revision.istiod))
    injector = live.get((_kinds.CONFIG_MAP, revision.injector_settings))
    mesh = live.get((_kinds.CONFIG_MAP, revision.mesh_settings))
    known = {
        _images.read_istiod_image(deployment) if deployment else None,
        _images.read_proxy_image(injector, mesh) if injector else None,
    }
    return tuple(image for image in (images.istiod, images.proxy) if image and image not in known)


def _wait_for_kinds(api: Api, steps: Iterable[Step], waiter: Waiter) -> None:
    new = {
        step.target.name
        for step in steps
        if step.stage is Stage.KINDS and step.action is Action.CREATED
    }
    if new:
        waiter.follow(api, _kinds.CRD, None, "", lambda found: judge_kinds(found, new))


def judge_kinds(definitions: Iterable[Object], names: set[str]) -> Readiness:
    """Whether the API server serves the new kinds, without which istiod does not start."""
    established = {
        item["metadata"]["name"]
        for item in definitions
        for condition in (item.get("status") or {}).get("conditions") or ()
        if (condition["type"], condition["status"]) == ("Established", "True")
    }
    missing = sorted(names - established)
    if missing:
        return _readiness.waiting(f"CustomResourceDefinition {missing[0]} is not established")
    return _readiness.READY


def _wait_for_nodes(api: Api, steps: Iterable[Step], waiter: Waiter) -> None:
    for step in steps:
        if step.target.kind == _kinds.DAEMON_SET:
            name = step.target.name
            waiter.follow(
                api,
                _kinds.DAEMON_SET,
                step.target.namespace,
                "",
                lambda found, name=name: judge_daemon_set(found, name),
            )


def judge_daemon_set(found: Iterable[Object], name: str) -> Readiness:
    """Whether the CNI runs in its new version on every node."""
    for item in found:
        if item["metadata"]["name"] == name:
            workload = Workload.from_object(item)
            for answer in (_readiness.observed(workload), _readiness.complete(workload)):
                if not answer.ready:
                    return _readiness.waiting(f"DaemonSet {name}: {answer.reason}")
            return _readiness.READY
    return _readiness.waiting(f"DaemonSet {name} is not there")
