# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The nodes must be able to pull the new images before anything depends on them."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

_PULL = (
    "The new images cannot be pulled",
    "Push the images to that registry, or correct hub and image_pull_secrets.",
)
_PLACE = (
    "The new images cannot be tried, for no node takes the pod that pulls them",
    "Correct nodeSelector, tolerations and affinity of istiod, or make such a node free.",
)


def find(_snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    if upgrade.images_error is not None:
        title, remedy = _PULL if upgrade.images_placed else _PLACE
        yield Finding(
            code="image_pull",
            severity=Severity.BLOCK,
            title=title,
            objects=upgrade.images,
            consequence=f"istiod or every new sidecar would not start. {upgrade.images_error}",
            remedy=remedy,
            override="image_pull",
            source="istio.io upgrade notes of 1.31, retirement of registries",
        )
