# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What a run will do to single objects: found out by a dry run, shown as a diff, then done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Protocol

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _result
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._live_fields import FIELD_MANAGER
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import ObjectName
from ansible_collections.meshwright.istio.plugins.module_utils._result import Change
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter


class Stage(IntEnum):
    """The order of writing; what stands in one stage may be written at once."""

    NAMESPACE = 0
    KINDS = 1
    ACCOUNTS = 2
    SETTINGS = 3
    SERVICES = 4
    ISTIOD = 5
    # Only once the new istiod is ready: the old one reads them too, and would hand out images
    # that may not exist.
    CHANGED_SETTINGS = 6
    INJECTORS = 7
    VALIDATORS = 8
    TAGS = 9
    LEFTOVERS = 10
    NODES = 11


class Action(StrEnum):
    """What becomes of an object."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One object before and after. The document is what is applied; None deletes the object."""

    target: ObjectName
    stage: Stage
    document: Object | None
    before: Object | None
    after: Object | None
    field_manager: str = FIELD_MANAGER

    @property
    def action(self) -> Action:
        if self.after is None:
            return Action.UNCHANGED if self.before is None else Action.DELETED
        if self.before is None:
            return Action.CREATED
        return Action.UNCHANGED if bare(self.before) == bare(self.after) else Action.UPDATED

    @property
    def changes(self) -> bool:
        return self.action is not Action.UNCHANGED

    def change(self) -> Change:
        """The object before and after, for the diff."""
        return Change(
            name=str(self.target),
            before=_readable(self.before) if self.before else None,
            after=_readable(self.after) if self.after else None,
        )

    def summary(self) -> dict[str, Any]:
        """The entry of a module's result."""
        return {**self.target.summary(), "action": str(self.action)}

    def run(self, api: Api) -> None:
        """Do it."""
        target = self.target
        if self.document is None:
            api.delete(target.kind, target.name, target.namespace)
        else:
            api.apply(target.kind, self.document, field_manager=self.field_manager)


class HasOptions(Protocol):
    """What a plan needs of an AnsibleModule."""

    @property
    def params(self) -> dict[str, Any]: ...


class Job(Protocol):
    """What a module has planned."""

    @property
    def steps(self) -> tuple[Step, ...]: ...

    def facts(self) -> dict[str, Any]:
        """What the module returns beside the steps."""

    def carry_out(self, api: Api, waiter: Waiter) -> dict[str, Any]:
        """Do the steps, and return what was seen on the way."""


def dry_run(
    api: Api,
    stage: Stage,
    document: Object,
    live: Object | None,
    *,
    field_manager: str = FIELD_MANAGER,
) -> Step:
    """The step that applies the document, with what the API server would make of it."""
    target = ObjectName.of(api, document)
    try:
        after = api.apply(target.kind, document, field_manager=field_manager, dry_run=True)
    except ApiError as error:
        # The namespace is still to be created: there is nothing to compare with.
        if error.status != 404 or live is not None:
            raise
        after = document
    return Step(
        target=target,
        stage=stage,
        document=document,
        before=live,
        after=after,
        field_manager=field_manager,
    )


def deletion(target: ObjectName, live: Object, stage: Stage = Stage.LEFTOVERS) -> Step:
    """The step that deletes the object."""
    return Step(target=target, stage=stage, document=None, before=live, after=None)


def get(api: Api, target: ObjectName) -> Object | None:
    """The object as it is."""
    return api.get(target.kind, target.name, target.namespace)


def run(api: Api, steps: Iterable[Step], stages: Sequence[Stage]) -> None:
    """Do the steps of these stages, one stage after the other."""
    todo = [step for step in steps if step.changes]
    for stage in stages:
        api.each(lambda step: step.run(api), [step for step in todo if step.stage is stage])


def report(steps: Iterable[Step]) -> dict[str, Any]:
    """What a module returns of its steps."""
    todo = [step for step in steps if step.changes]
    return {
        "changed": bool(todo),
        "objects": [step.summary() for step in todo],
        "diff": _result.diff(step.change() for step in todo),
    }


def bare(item: Mapping[str, Any]) -> dict[str, Any]:
    """An object without what the API server counts and notes by itself."""
    kept = {key: value for key, value in item.items() if key != "status"}
    metadata = dict(item["metadata"])
    for field in (
        "creationTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "uid",
    ):
        metadata.pop(field, None)
    return {**kept, "metadata": metadata}


def _readable(item: Mapping[str, Any]) -> dict[str, Any]:
    """The same for a person: schemas of thousands of lines and certificates as a fingerprint.

    Without who holds an election and since when: nobody asked for that, and it changes by itself.
    """
    readable = bare(item)
    if item["kind"] == _kinds.LEASE.kind:
        readable.pop("spec", None)
    if item["kind"] == _kinds.CRD.kind:
        readable["spec"] = {"fingerprint": _fingerprint(item["spec"])}
    if "webhooks" in readable:
        readable["webhooks"] = [_without_bundle(webhook) for webhook in readable["webhooks"]]
    return readable


def _without_bundle(webhook: Mapping[str, Any]) -> dict[str, Any]:
    client = dict(webhook.get("clientConfig") or {})
    if client.get("caBundle"):
        client["caBundle"] = _fingerprint(client["caBundle"])
    return {**webhook, "clientConfig": client}


def _fingerprint(value: Any) -> str:
    text = json.dumps(value, sort_keys=True).encode()
    return "sha256:" + hashlib.sha256(text).hexdigest()[:16]
