# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What the new control plane is to be installed with, as far as that is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _helm_values, _settings
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import ControlPlane
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import moving
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, upgrade: Upgrade) -> Mapping[str, Any] | None:
    """The Helm values that it gets; None where nobody knows them.

    In place they are those that the old one has, with what was given on top.
    """
    if not upgrade.in_place or upgrade.renewed:
        return upgrade.settings
    for plane in moving.planes(evidence, upgrade):
        item = beside(evidence, plane, _settings.name_of)
        live = _settings.read(item) if item else None
        if live is not None:
            return _helm_values.merge(live, upgrade.settings or {})
    return None


def beside(evidence: Evidence, plane: ControlPlane, name_of: Any) -> Mapping[str, Any] | None:
    """The ConfigMap of a control plane, whose name the function makes of its revision."""
    name = name_of(Revision(name=plane.revision, namespace=plane.namespace))
    for item in evidence.of(Topic.SETTINGS):
        metadata = item["metadata"]
        if (metadata["namespace"], metadata["name"]) == (plane.namespace, name):
            return item
    return None
