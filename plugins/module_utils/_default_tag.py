# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What an installation means for the default tag: who is asked by istio-injection=enabled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _images,
    _kinds,
    _manifest,
    _tag,
    _tag_objects,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import (
    DEFAULT_TAG,
    Mesh,
)
from ansible_collections.meshwright.istio.plugins.module_utils._manifest import Part
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    UNREVISIONED,
    Revision,
)
from ansible_collections.meshwright.istio.plugins.module_utils._tag_objects import Source
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a revision is to the default tag: whether it holds it, and its own injector sleeps."""

    holds: bool
    sleeps: bool


def decide(mesh: Mesh, revision: Revision) -> Role:
    """Who gets the default tag: the first revision of a cluster; no later one takes it away.

    The injector of the control plane without a revision matches what the tag matches, so it sleeps
    as long as there is a tag, as with istioctl.
    """
    tag = mesh.tag(DEFAULT_TAG)
    unrevisioned = revision.name == UNREVISIONED
    if tag is not None:
        usual = _tag_objects.configuration_name(DEFAULT_TAG, revision.namespace)
        mine = tag.revision == revision.name and tag.configuration == usual
        return Role(holds=mine, sleeps=unrevisioned)
    nobody = mesh.default_injector() is None
    first = nobody and (unrevisioned or not mesh.others(revision.name))
    return Role(holds=first, sleeps=unrevisioned and first)


def documents(
    api: Api, parts: Sequence[Part], revision: Revision, version: Version
) -> list[Object]:
    """The objects of the default tag for the control plane that these parts make."""
    settings = _manifest.find(parts, _kinds.CONFIG_MAP, revision.injector_settings)
    auto = settings is not None and _images.injects_unlabelled(settings.document)
    return _tag.documents(
        api, _source(parts, revision), DEFAULT_TAG, version, auto=auto, installed=True
    )


def _source(parts: Sequence[Part], revision: Revision) -> Source:
    injector = _manifest.require(parts, _kinds.MUTATING_WEBHOOK, revision.injector)
    service = _manifest.require(parts, _kinds.SERVICE, revision.istiod)
    validator = _manifest.find(parts, _kinds.VALIDATING_WEBHOOK, revision.validator)
    return Source(
        revision=revision,
        injector=injector.document,
        service=service.document,
        validator=validator.document if validator else None,
    )
