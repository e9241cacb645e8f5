# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""How a gateway's Deployment is made to make other pods: by its template, or by its Gateway.

The template of one that is injected is ours to change. That of one that istiod deploys is written
by the istiod that its Gateway, or the Gateway's namespace, names: we say who, and wait until that
one has written.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _gateway_hold,
    _gateway_parent,
    _kinds,
    _unready,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._gateway import Gateway, Target
from ansible_collections.meshwright.istio.plugins.module_utils._gateway_parent import Parent
from ansible_collections.meshwright.istio.plugins.module_utils._gateway_rollout import (
    Rollout,
    revision_of,
    version_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._lock import TIME
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._revision import REVISION_LABEL


class Course(Protocol):
    """Where a Deployment goes; `item` is the Deployment as it is."""

    def is_set(self, item: Object) -> bool:
        """Whether the pods that it makes are to be those that are wanted."""

    def set(self, item: Object, pods: Sequence[Pod]) -> Object:
        """Let it make new pods beside its old ones, which stay; begun before or not."""

    def set_empty(self, item: Object) -> None:
        """The same where it has no pods and shall have none."""

    def stop(self) -> None:
        """Make no more of what was made until now, since it goes back."""

    def turn(self, item: Object, *, alone: bool) -> None:
        """Let it go on with its old pods; `alone` where the new ones have left."""

    def stays(self, item: Object) -> bool:
        """Whether it has to be held where it is, and is wanted there."""

    def lacks(self, item: Object) -> list[str]:
        """What others say that the new pods lack, in words."""


class ByTemplate:
    """For a gateway by injection."""

    def __init__(self, rollout: Rollout, gateway: Gateway, target: Target) -> None:
        self._rollout = rollout
        self._labels = gateway.labels_for(target)

    def is_set(self, item: Object) -> bool:
        labels = (item["spec"]["template"].get("metadata") or {}).get("labels") or {}
        return bool(labels == self._labels)

    def set(self, item: Object, pods: Sequence[Pod]) -> Object:
        if _gateway_hold.is_held(item):
            return item
        templates = [pod.template for pod in pods]
        return self._rollout.patch(_gateway_hold.hold(item, self._labels, _now(), templates))

    def set_empty(self, item: Object) -> None:
        if _gateway_hold.is_held(item):
            self._rollout.patch(_gateway_hold.let_go(item))
        elif not self.is_set(item):
            patch = _gateway_hold.hold(item, self._labels, _now(), ())
            self._rollout.patch({"spec": {"template": patch["spec"]["template"]}})

    def stop(self) -> None:
        """Nothing; its template is put back in one request with all else."""

    def turn(self, item: Object, *, alone: bool) -> None:  # noqa: ARG002 - others ask
        self._rollout.patch(_gateway_hold.take_back(item))

    def stays(self, _item: Object) -> bool:
        return False

    def lacks(self, _item: Object) -> list[str]:
        return []


class ByLabel:
    """For a gateway that istiod deploys from `parent`."""

    def __init__(
        self, api: Api, rollout: Rollout, gateway: Gateway, parent: Parent, target: Target
    ) -> None:
        self._api = api
        self._rollout = rollout
        self._namespace = gateway.namespace
        self._parent = parent
        self._target = target

    def is_set(self, item: Object) -> bool:
        """Not where the hold began there: then the old pods are the right ones."""
        wanted = self._target.revision
        if _gateway_hold.is_held(item):
            return wanted == self._parent.leads and not self._began(item)
        return wanted == self._parent.leads == revision_of(item)

    def stays(self, item: Object) -> bool:
        return _gateway_hold.is_held(item) and self._began(item)

    def _began(self, item: Object) -> bool:
        """Whether it was held where it is to go now."""
        facts = _gateway_hold.facts(item)
        return facts["revision"] == self._target.revision and self._is_version(facts)

    def _is_version(self, facts: Mapping[str, Any]) -> bool:
        """Whether it had the version then that is wanted now, where one is."""
        return self._target.version in (None, facts.get("version"))

    def set(self, item: Object, pods: Sequence[Pod]) -> Object:
        for pod in pods:
            if pod.ready:
                _unready.refuse_deaf(self._api, pod)
        if not _gateway_hold.is_held(item):
            item = self.hold(item, pods)
        item = self._go(self._target.revision, self._wanted_label, self._target.version)
        return self._rollout.patch(_gateway_hold.roll_out(item))

    def hold(self, item: Object, pods: Sequence[Pod]) -> Object:
        """Whatever leads it elsewhere from now on, none of its pods is replaced."""
        facts: dict[str, Any] = {
            "revision": revision_of(item),
            "version": version_of(item),
            "label": self._parent.label,
            "attached": dict(self._parent.attached),
        }
        templates = [pod.template for pod in pods]
        return self._rollout.patch(_gateway_hold.pause(item, templates, facts))

    def set_empty(self, item: Object) -> None:
        item = self._go(self._target.revision, self._wanted_label, self._target.version)
        if _gateway_hold.is_held(item):
            self._rollout.patch(_gateway_hold.let_go(item))

    def stop(self) -> None:
        self._rollout.patch({"spec": {"paused": True}})

    def turn(self, item: Object, *, alone: bool) -> None:
        """Held as before where its namespace leads elsewhere: its own label would change its pods.

        So too in place, where the control plane has another version: it comes back by itself.
        Otherwise the istiod of before renders it again, and until then nothing rolls out.
        """
        facts = _gateway_hold.facts(item)
        if alone:
            self._rollout.empty_sets(_gateway_hold.old_templates(item))
        elsewhere = facts["label"] is None and self._parent.without != facts["revision"]
        if elsewhere or not self._is_version(facts):
            self._name(facts["label"])
            self._rollout.patch(_gateway_hold.pause_again(item))
            return
        item = self._go(facts["revision"], facts["label"], self._target.version)
        self._rollout.patch(_gateway_hold.let_go(item))

    def lacks(self, item: Object) -> list[str]:
        gateway = self._api.get(_kinds.K8S_GATEWAY, self._parent.name, self._namespace)
        if gateway is None:
            return [f"Gateway {self._namespace}/{self._parent.name}, which is gone"]
        before = _gateway_hold.facts(item)["attached"]
        return _gateway_parent.lacks(before, _gateway_parent.attached(gateway))

    @property
    def _wanted_label(self) -> str | None:
        return self._parent.label_for(self._target.name, self._target.revision)

    def _go(self, revision: str, label: str | None, version: str | None) -> Object:
        """Let the Gateway name that label, and wait until the istiod of the revision has it."""
        self._name(label)
        self._parent = replace(self._parent, leads=revision)
        return self._rollout.wait_for_template(revision, version)

    def _name(self, label: str | None) -> None:
        before = self._parent
        if label == before.label:
            return
        added = label is not None and (before.added or before.label is None)
        # The mark is there for longer: without it nobody knows that the label is ours.
        if added:
            self._mark(label)
        patch = {"metadata": {"labels": {REVISION_LABEL: label}}}
        self._api.patch(_kinds.K8S_GATEWAY, before.name, patch, self._namespace)
        if before.added and not added:
            self._mark(None)
        self._parent = replace(before, label=label, added=added)

    def _mark(self, label: str | None) -> None:
        self._rollout.patch({"metadata": {"annotations": {_gateway_parent.ADDED: label}}})


def _now() -> str:
    return time.strftime(TIME, time.gmtime())
