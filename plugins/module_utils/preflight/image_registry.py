# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Registries that get no new images, or are shut off."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils import _images
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import ControlPlane
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import moving
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    images = {image for plane in moving.planes(evidence, upgrade) for image in _of(plane, evidence)}
    for retired in upgrade.rules.retired_registries:
        found = sorted(each for each in images if each.startswith(f"{retired.registry}/"))
        if found:
            yield Finding(
                code="image_registry",
                severity=Severity.WARN,
                title=f"Images come from {retired.registry}",
                objects=tuple(found),
                consequence=f"For this registry holds: {retired.what}. A pod that is created on a"
                " node without the image would not start, also on the way back.",
                remedy="Take the images from another registry, for the old version too.",
                source=retired.source,
            )


def _of(plane: ControlPlane, evidence: Evidence) -> Iterator[str]:
    """The image of an istiod, and the one that it puts into pods."""
    yield plane.image
    name = Revision(name=plane.revision, namespace=plane.namespace).injector_settings
    for item in evidence.of(Topic.SETTINGS):
        if item["metadata"]["name"] == name:
            yield _images.read_proxy_image(item) or ""
