# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Who looks after the objects of a tag."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _owner, _tag_objects
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._owner import Owner
from ansible_collections.meshwright.istio.plugins.module_utils._revision import TAG_LABEL
from ansible_collections.meshwright.istio.plugins.module_utils._steps import Step


def find(item: Mapping[str, Any]) -> Owner | None:
    """The tool that an object of a tag belongs to; None where its signs are copies."""
    owner = _owner.find_owner(item)
    return None if _is_copied(item, owner) else owner


def refuse_foreign(steps: Iterable[Step], allowed: Collection[str]) -> None:
    """Refuse to change or delete what is another tool's; what stays as it is may be anybody's."""
    for step in steps:
        if step.changes and step.before is not None:
            _owner.refuse(step.target, find(step.before), allowed)


def _is_copied(item: Mapping[str, Any], owner: Owner | None) -> bool:
    """`istioctl tag set` copies the signs of the revision's webhook, and leaves out the component.

    The charts of Helm and Sail have it. A validator that Helm made before it became part of the tag
    keeps Helm's name for the release, but gets the revision's label.
    """
    labels = labels_of(item)
    if TAG_LABEL not in labels or _tag_objects.is_installed(item):
        return False
    return owner is Owner.SAIL or (
        owner is Owner.HELM and _owner.release_of(item) == labels.get("release")
    )
