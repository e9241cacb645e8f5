# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What a copy writes: tried beforehand, so that what another tool keeps is known before a write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._result import Change
from ansible_collections.meshwright.istio.plugins.module_utils._revision import REVISION_LABEL
from ansible_collections.meshwright.istio.plugins.module_utils.compare.config import Config
from ansible_collections.meshwright.istio.plugins.module_utils.config_copy import document
from ansible_collections.meshwright.istio.plugins.module_utils.config_copy.document import Wanted
from ansible_collections.meshwright.istio.plugins.module_utils.config_copy.request import (
    Found,
    Request,
)

FIELD_MANAGER = "meshwright.istio.copy"
_CONFLICT = 409
_MANAGER = re.compile(r'conflicts? with "([^"]+)"')


class Action(StrEnum):
    """What becomes of an object in the target."""

    CREATED = "created"
    UPDATED = "updated"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One object, before and after; `owner` is who keeps parts of it that stand against this."""

    wanted: Wanted
    action: Action
    before: Object | None
    after: Object
    owner: str = ""

    def change(self) -> Change:
        """For the diff."""
        return Change(
            name=str(self.wanted),
            before=None if self.before is None else self.wanted.shown(self.before),
            after=self.wanted.shown(self.after),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All of it. `left_out` are objects of the source with why, `only_in_target` those beside."""

    namespaces: tuple[Object, ...]
    steps: tuple[Step, ...]
    left_out: tuple[tuple[str, str], ...]
    only_in_target: tuple[str, ...]

    @property
    def changed(self) -> bool:
        return bool(self.namespaces) or any(
            step.action is not Action.UNCHANGED for step in self.steps
        )

    def changes(self) -> Iterator[Change]:
        """For the diff."""
        for item in self.namespaces:
            yield Change(name=f"Namespace {item['metadata']['name']}", before=None, after=item)
        yield from (step.change() for step in self.steps if step.action is not Action.UNCHANGED)

    def summary(self) -> dict[str, Any]:
        """The rest of the module's result."""
        actions = [step.action for step in self.steps]
        return {
            "namespaces": [item["metadata"]["name"] for item in self.namespaces],
            "counts": {
                **{str(each): actions.count(each) for each in Action},
                "left_out": len(self.left_out),
            },
            "objects": [
                {"object": str(step.wanted), "action": str(step.action)} for step in self.steps
            ],
            "left_out": [{"object": name, "reason": why} for name, why in self.left_out],
            "only_in_target": list(self.only_in_target),
        }


def make(api: Api, found: Found, request: Request) -> Plan:
    """Plan the copy; refused where a part of it cannot be done."""
    configs = found.of(found.source, request)
    own = [each for each in configs if not each.owned]
    _refuse_unserved(own, found)
    wanted = [
        document.of_config(each, found.target.versions[each.sort.title], request.revision)
        for each in own
    ]
    wanted += [document.of_secret(item) for _name, item in sorted(found.secrets.items())]
    namespaces = _namespaces(wanted, found, request)
    steps = tuple(api.each(lambda each: _step(api, each, found, request), wanted))
    _refuse_conflicts(steps)
    return Plan(
        namespaces=namespaces,
        steps=steps,
        left_out=tuple((str(each), _why(each)) for each in configs if each.owned),
        only_in_target=tuple(
            str(each)
            for each in found.of(found.target, request)
            if each.key not in found.source.objects
        ),
    )


def apply(api: Api, plan: Plan, *, force: bool) -> None:
    """Write it; what is as it should be is not written."""
    api.each(lambda item: api.create(_kinds.NAMESPACE, item), plan.namespaces)
    api.each(lambda step: _write(api, step, force=force), plan.steps)


def _write(api: Api, step: Step, *, force: bool) -> None:
    if step.action is Action.REPLACED:
        api.replace(step.wanted.kind, step.after)
    elif step.action is not Action.UNCHANGED:
        # Whoever has come in between since the plan was made is not overruled either.
        api.apply(step.wanted.kind, step.wanted.document, field_manager=FIELD_MANAGER, force=force)


def _why(config: Config) -> str:
    owner = next(
        each for each in config.document["metadata"]["ownerReferences"] if each.get("controller")
    )
    return f"{owner['kind']} {owner['name']} makes it, in the target too"


def _refuse_unserved(configs: list[Config], found: Found) -> None:
    unserved = sorted(
        {each.sort.title for each in configs if each.sort.title not in found.target.versions}
    )
    if unserved:
        raise RefusedError(
            f"The target does not know {', '.join(unserved)}, of which the source has objects."
            " Install their CustomResourceDefinitions there, or leave them out by kinds."
        )


def _namespaces(wanted: list[Wanted], found: Found, request: Request) -> tuple[Object, ...]:
    missing = sorted({each.namespace for each in wanted} - found.target_namespaces)
    if missing and not request.create_namespaces:
        raise RefusedError(
            f"The target lacks the namespaces {', '.join(missing)}. Create them, set"
            " create_namespaces, or name them in excluded_namespaces.",
            namespaces=missing,
        )
    items = [found.namespaces[name] for name in missing]
    named = [item["metadata"]["name"] for item in items if REVISION_LABEL in labels_of(item)]
    if named and request.injection_labels and request.revision is None:
        raise BadInputError(
            f"injection_labels: {', '.join(named)} ask for a revision of the source. Give the one"
            " that they shall ask for in the target with revision."
        )
    return tuple(
        document.of_namespace(item, request.revision, injection=request.injection_labels)
        for item in items
    )


def _step(api: Api, wanted: Wanted, found: Found, request: Request) -> Step:
    live = _live(wanted, found)
    if live is not None and wanted.is_said_by(live):
        return Step(wanted=wanted, action=Action.UNCHANGED, before=live, after=live)
    if wanted.namespace not in found.target_namespaces:
        return Step(wanted=wanted, action=Action.CREATED, before=None, after=wanted.document)
    owner = ""
    try:
        after = api.apply(
            wanted.kind,
            wanted.document,
            field_manager=FIELD_MANAGER,
            force=request.force,
            dry_run=True,
        )
    except ApiError as error:
        if error.status != _CONFLICT or live is None:
            raise
        owner = ", ".join(sorted(set(_MANAGER.findall(error.message)))) or "another tool"
        after = live
    if live is None:
        return Step(wanted=wanted, action=Action.CREATED, before=None, after=after)
    if not owner and not wanted.is_said_by(after):
        # A field that the source lacks is kept by whoever has set it, force or not.
        if request.force:
            after = wanted.in_place_of(live)
            return Step(wanted=wanted, action=Action.REPLACED, before=live, after=after)
        owner = "another tool"
    return Step(wanted=wanted, action=Action.UPDATED, before=live, after=after, owner=owner)


def _live(wanted: Wanted, found: Found) -> Object | None:
    if wanted.sort is None:
        return found.target_secrets.get((wanted.namespace, wanted.name))
    config = found.target.objects.get((wanted.title, wanted.namespace, wanted.name))
    return None if config is None else config.document


def _refuse_conflicts(steps: tuple[Step, ...]) -> None:
    kept = [f"{step.wanted} ({step.owner})" for step in steps if step.owner]
    if kept:
        raise RefusedError(
            f"Others keep {', '.join(kept)} in the target, and it differs from the source. Change"
            " it by what keeps it, leave it out, or set force to take it over.",
            conflicts=[str(step.wanted) for step in steps if step.owner],
        )
