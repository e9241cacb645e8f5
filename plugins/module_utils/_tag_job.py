# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Set, move or remove a tag: every object of it, and for the default tag the validator too."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _control_plane,
    _injector,
    _inventory,
    _kinds,
    _live_fields,
    _overlap,
    _steps,
    _tag,
    _tag_objects,
    _tag_owner,
    _users,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import (
    DEFAULT_TAG,
    DEFAULT_VALIDATOR,
    Mesh,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._inventory import Inventory
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import (
    ObjectName,
    labels_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    TAG_LABEL,
    UNREVISIONED,
    Revision,
)
from ansible_collections.meshwright.istio.plugins.module_utils._steps import Stage, Step
from ansible_collections.meshwright.istio.plugins.module_utils._tag_objects import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class TagJob:
    """What becomes of the tag's objects, and where it points before and after."""

    before: str | None
    after: str | None
    steps: tuple[Step, ...]

    def carry_out(self, api: Api) -> None:
        """Write all objects at once: the validator goes with its injector."""
        _steps.run(api, self.steps, (Stage.INJECTORS, Stage.TAGS, Stage.LEFTOVERS))


def plan_present(api: Api, tag: str, revision: Revision, take_over: Collection[str]) -> TagJob:
    """Point the tag at the revision; refused when nothing would answer, or two would."""
    mesh = _control_plane.read(api)
    _refuse_revision(mesh, tag)
    source = _tag.read_source(api, revision)
    plane = mesh.find(revision.name, revision.namespace)
    if source is None or plane is None:
        known = ", ".join(each.revision for each in mesh.control_planes) or "none"
        raise BadInputError(
            f"revision: got '{revision.name}', which is no revision in {revision.namespace};"
            f" right is one of {known}. A tag cannot point at another tag."
        )
    _refuse_dead(api, source)
    name = _tag_objects.configuration_name(tag, revision.namespace)
    # One that an installation has made goes on as one of the new revision's installation.
    installed = _tag_objects.is_installed(api.get(_kinds.MUTATING_WEBHOOK, name))
    documents = _tag.documents(api, source, tag, plane.version, auto=None, installed=installed)
    steps = [_step(api, each) for each in documents]
    if tag == DEFAULT_TAG:
        steps += _put_to_sleep(api, Revision(name=UNREVISIONED, namespace=revision.namespace))
    _tag_owner.refuse_foreign(steps, take_over)
    written = [step.document for step in steps if step.target.kind == _kinds.MUTATING_WEBHOOK]
    _overlap.refuse_new(mesh.injectors, [each for each in written if each is not None])
    known_tag = mesh.tag(tag)
    before = known_tag.revision if known_tag else None
    return TagJob(before=before, after=revision.name, steps=tuple(steps))


def plan_absent(api: Api, tag: str, istio_namespace: str, take_over: Collection[str]) -> TagJob:
    """Remove the tag; refused while anybody asks for it."""
    mesh = _control_plane.read(api)
    found = mesh.tag(tag)
    targets = [
        ObjectName(
            kind=_kinds.MUTATING_WEBHOOK,
            name=_tag_objects.configuration_name(tag, istio_namespace),
        ),
        ObjectName(
            kind=_kinds.SERVICE, name=_tag_objects.service_name(tag), namespace=istio_namespace
        ),
    ]
    if tag == DEFAULT_TAG:
        targets.append(ObjectName(kind=_kinds.VALIDATING_WEBHOOK, name=DEFAULT_VALIDATOR))
    lives = [(target, _steps.get(api, target)) for target in targets]
    steps = tuple(
        _steps.deletion(target, live)
        for target, live in lives
        # Helm's chart base has a validator of the same name, which is no part of a tag.
        if live is not None and labels_of(live).get(TAG_LABEL) == tag
    )
    _tag_owner.refuse_foreign(steps, take_over)
    if steps:
        _refuse_used(_inventory.read(api), tag)
    return TagJob(before=found.revision if found else None, after=None, steps=steps)


def _refuse_revision(mesh: Mesh, tag: str) -> None:
    if tag != DEFAULT_TAG and any(plane.revision == tag for plane in mesh.control_planes):
        raise RefusedError(
            f"'{tag}' is the name of a revision, and a tag of that name would hide it."
            " Choose another name for the tag."
        )


def _refuse_dead(api: Api, source: Source) -> None:
    """A tag that leads nowhere would let pods start without a sidecar, or not at all."""
    for injector in _injector.Injector.from_object(source.injector):
        _injector.refuse_dead(api, str(source.revision), injector)


def _refuse_used(inventory: Inventory, tag: str) -> None:
    users = _users.ask_for(inventory, {tag})
    if users.any:
        raise RefusedError(
            f"The tag {tag} is still asked for by {users.describe()}: nothing would answer them,"
            " and new pods would start without a sidecar. Point them at another revision or tag"
            " first.",
            users=[
                *(f"Namespace {name}" for name in users.namespaces),
                *users.workloads,
                *users.gateways,
                *users.config_objects,
            ],
        )


def _put_to_sleep(api: Api, revision: Revision) -> list[Step]:
    """The injector of the control plane without a revision matches what the default tag does."""
    live = api.get(_kinds.MUTATING_WEBHOOK, revision.injector)
    if live is None or _live_fields.is_deactivated(live):
        return []
    document = {
        "apiVersion": live["apiVersion"],
        "kind": live["kind"],
        "metadata": {"name": live["metadata"]["name"]},
        "webhooks": live["webhooks"],
    }
    asleep = _live_fields.deactivate(document)
    return [_steps.dry_run(api, Stage.INJECTORS, asleep, live)]


def _step(api: Api, document: Object) -> Step:
    live = _steps.get(api, ObjectName.of(api, document))
    if document["kind"] == _kinds.VALIDATING_WEBHOOK.kind:
        document = _live_fields.leave_to_istiod(document, live)
    return _steps.dry_run(api, Stage.TAGS, document, live)
