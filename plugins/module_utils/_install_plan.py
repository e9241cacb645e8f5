# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What the installation of a control plane changes, proven before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Optional

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _control_plane,
    _default_tag,
    _images,
    _kinds,
    _live_fields,
    _manifest,
    _overlap,
    _owner,
    _shared,
    _steps,
    _stuck,
    _version,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import Mesh
from ansible_collections.meshwright.istio.plugins.module_utils._default_tag import Role
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._manifest import Component, Part
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import ObjectName
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._steps import Stage, Step
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version

Lives = Mapping[ObjectName, Optional[Object]]  # noqa: UP045 - evaluated, where pylint errs

_STAGES: Mapping[Kind, Stage] = {
    _kinds.CRD: Stage.KINDS,
    _kinds.SERVICE_ACCOUNT: Stage.ACCOUNTS,
    _kinds.ROLE: Stage.ACCOUNTS,
    _kinds.ROLE_BINDING: Stage.ACCOUNTS,
    _kinds.CLUSTER_ROLE: Stage.ACCOUNTS,
    _kinds.CLUSTER_ROLE_BINDING: Stage.ACCOUNTS,
    _kinds.CONFIG_MAP: Stage.SETTINGS,
    _kinds.DEPLOYMENT: Stage.ISTIOD,
    _kinds.HPA: Stage.ISTIOD,
    _kinds.MUTATING_WEBHOOK: Stage.INJECTORS,
    _kinds.VALIDATING_WEBHOOK: Stage.VALIDATORS,
    _kinds.DAEMON_SET: Stage.NODES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is asked for beside the manifest; `take_over` names the owners that may be overruled."""

    revision: Revision
    version: Version
    take_over: frozenset[str] = frozenset()
    allow_skew: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallPlan:
    """The steps, and the shared objects that stay because they are newer or another's."""

    steps: tuple[Step, ...]
    kept: tuple[ObjectName, ...]


def make(api: Api, parts: Sequence[Part], intent: Intent) -> InstallPlan:
    """Compare every part with what is there; refused when one of them must not be touched."""
    mesh = _control_plane.read(api)
    refuse_skew(mesh, intent)
    found = api.each(lambda part: _steps.get(api, part.target), parts)
    lives = {part.target: live for part, live in zip(parts, found, strict=True)}
    kept = _shared.find_kept(parts, lives, mesh, intent.version)
    wanted = [part for part in parts if part.target not in kept]
    for part in wanted:
        _prove(part, lives[part.target], intent)
    role = _default_tag.decide(mesh, intent.revision)
    scaled = _is_scaled(api, wanted, intent.revision)
    adapted = [_adapt(part, lives, role, scaled=scaled) for part in wanted]
    tag = _tag_documents(api, adapted, intent) if role.holds else []
    _overlap.refuse_new(mesh.injectors, [*_injectors(adapted), *_configurations(tag)])
    steps = [
        *_namespace(api, adapted, intent.revision),
        *api.each(lambda part: _step(api, part, lives), adapted),
        *api.each(lambda document: _tag_step(api, document, intent), tag),
        *_leftovers(api, parts, intent),
    ]
    return InstallPlan(
        steps=(*steps, *_stuck.find(api, steps, intent.revision)),
        kept=tuple(sorted(kept, key=str)),
    )


def refuse_skew(mesh: Mesh, intent: Intent) -> None:
    """Refuse a version too far from what runs there or beside it."""
    if intent.allow_skew:
        return
    for plane in mesh.control_planes:
        if plane.version is None:
            continue
        same = (plane.revision, plane.namespace) == (
            intent.revision.name,
            intent.revision.namespace,
        )
        explain = _version.explain_skew_in_place if same else _version.explain_skew_beside
        reason = explain(plane.version, intent.version)
        if reason:
            raise RefusedError(f"version: {reason}, or set allow_skew.", version=str(plane.version))


def _prove(part: Part, live: Object | None, intent: Intent) -> None:
    _manifest.prove_own(part, live, intent.revision)
    if live is not None:
        _owner.refuse_foreign(part.target, live, intent.take_over)


def _is_scaled(api: Api, parts: Sequence[Part], revision: Revision) -> bool:
    """Whether an autoscaler sets the number of istiods: one of the manifest, or of the user."""
    if _manifest.find(parts, _kinds.HPA, revision.istiod) is not None:
        return True
    own = ObjectName(kind=_kinds.HPA, name=revision.istiod, namespace=revision.namespace)
    return any(
        item["spec"]["scaleTargetRef"]["name"] == revision.istiod
        for item in api.list(_kinds.HPA, revision.namespace)
        # The charts' own goes when the manifest no longer has it.
        if item["metadata"]["name"] != own.name
    )


def _adapt(part: Part, lives: Lives, role: Role, *, scaled: bool) -> Part:
    live, kind, document = lives[part.target], part.target.kind, part.document
    if part.shared:
        document = _live_fields.keep_shared_owner(document, live)
    elif kind == _kinds.DEPLOYMENT:
        document = _live_fields.leave_to_autoscaler(document, live, scaled=scaled)
    elif kind == _kinds.MUTATING_WEBHOOK and role.sleeps:
        document = _live_fields.deactivate(document)
    elif kind == _kinds.VALIDATING_WEBHOOK:
        document = _live_fields.leave_to_istiod(document, live)
    return replace(part, document=document)


def _tag_documents(api: Api, parts: Sequence[Part], intent: Intent) -> list[Object]:
    return _default_tag.documents(api, parts, intent.revision, intent.version)


def _injectors(parts: Sequence[Part]) -> list[Object]:
    return [part.document for part in parts if part.target.kind == _kinds.MUTATING_WEBHOOK]


def _configurations(documents: Sequence[Object]) -> list[Object]:
    return [each for each in documents if each["kind"] == _kinds.MUTATING_WEBHOOK.kind]


def _namespace(api: Api, parts: Sequence[Part], revision: Revision) -> list[Step]:
    live = api.get(_kinds.NAMESPACE, revision.namespace)
    if live is not None:
        if "deletionTimestamp" in live["metadata"]:
            raise RefusedError(
                f"Namespace {revision.namespace} is being deleted. Wait until it is gone."
            )
        return []
    settings = _manifest.find(parts, _kinds.CONFIG_MAP, revision.injector_settings)
    network = _images.read_network(settings.document) if settings else ""
    labels = {"labels": {"topology.istio.io/network": network}} if network else {}
    document: Object = {
        "apiVersion": _kinds.NAMESPACE.api_version,
        "kind": _kinds.NAMESPACE.kind,
        "metadata": {"name": revision.namespace, **labels},
    }
    return [_steps.dry_run(api, Stage.NAMESPACE, document, None)]


def _step(api: Api, part: Part, lives: Lives) -> Step:
    live, stage = lives[part.target], _STAGES.get(part.target.kind, Stage.SERVICES)
    running = any(target.kind == _kinds.DEPLOYMENT and lives[target] for target in lives)
    if stage is Stage.SETTINGS and live and running and part.component is Component.PILOT:
        stage = Stage.CHANGED_SETTINGS
    return _steps.dry_run(api, stage, part.document, live)


def _tag_step(api: Api, document: Object, intent: Intent) -> Step:
    target = ObjectName.of(api, document)
    live = _steps.get(api, target)
    if live is not None:
        _owner.refuse_foreign(target, live, intent.take_over)
    if target.kind == _kinds.VALIDATING_WEBHOOK:
        document = _live_fields.leave_to_istiod(document, live)
    return _steps.dry_run(api, Stage.TAGS, document, live)


def _leftovers(api: Api, parts: Sequence[Part], intent: Intent) -> list[Step]:
    """What an earlier installation of the revision had and this one has not."""
    rendered = {part.target for part in parts}
    gone = [target for target in intent.revision.objects() if target not in rendered]
    found = api.each(lambda target: _steps.get(api, target), gone)
    return [
        _steps.deletion(target, live)
        for target, live in zip(gone, found, strict=True)
        if live is not None and _manifest.is_installed(live, intent.revision)
    ]
