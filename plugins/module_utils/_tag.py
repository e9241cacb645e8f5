# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A tag and the objects that make it: built from those of its revision, as they are wanted."""

from __future__ import annotations

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _tag_objects
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import DEFAULT_TAG
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    REVISION_LABEL,
    TAG_LABEL,
    Revision,
)
from ansible_collections.meshwright.istio.plugins.module_utils._tag_objects import Source
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version

# From here on istiod learns its tags from Services as well.
_SERVICES_SINCE = Version(major=1, minor=28, patch=0)


def read_source(api: Api, revision: Revision) -> Source | None:
    """The revision's objects as they are; None where its webhook or Service is missing."""
    injector = api.get(_kinds.MUTATING_WEBHOOK, revision.injector)
    service = api.get(_kinds.SERVICE, revision.istiod, revision.namespace)
    if injector is None or service is None:
        return None
    validator = api.get(_kinds.VALIDATING_WEBHOOK, revision.validator)
    return Source(revision=revision, injector=injector, service=service, validator=validator)


def documents(
    api: Api,
    source: Source,
    tag: str,
    version: Version | None,
    *,
    auto: bool | None,
    installed: bool,
) -> list[Object]:
    """The objects of the tag, pointing at the source's revision.

    `auto` None leaves that as it is. `installed` is for a tag that is new or moves; one that stays
    keeps looking as if a user, or the installation of its revision, had made it.
    """
    name = _tag_objects.configuration_name(tag, source.revision.namespace)
    live = api.get(_kinds.MUTATING_WEBHOOK, name)
    if live is not None and labels_of(live).get(REVISION_LABEL) == source.revision.name:
        installed = _tag_objects.is_installed(live)
    bundle = _tag_objects.ca_bundle_of(api.get(_kinds.MUTATING_WEBHOOK, source.revision.injector))
    found = [
        _tag_objects.injector(
            source,
            tag,
            ca_bundle=bundle,
            auto=_tag_objects.has_auto(live) if auto is None else auto,
            installed=installed,
        )
    ]
    # A newer istiod beside it would go on with the tag of a Service that stays behind.
    since = version is None or version >= _SERVICES_SINCE
    if since or _has_service(api, tag, source.revision.namespace):
        found.append(_tag_objects.service(source, tag, installed=installed))
    if tag == DEFAULT_TAG:
        found.append(
            _tag_objects.default_validator(
                source, ca_bundle=bundle, tagged=True, installed=installed
            )
        )
    return found


def _has_service(api: Api, tag: str, namespace: str) -> bool:
    live = api.get(_kinds.SERVICE, _tag_objects.service_name(tag), namespace)
    return live is not None and labels_of(live).get(TAG_LABEL) == tag
