# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The container of a pod that is only tried, such that also a strict cluster admits it."""

from __future__ import annotations

from ansible_collections.meshwright.istio.plugins.module_utils._api import Object

# A quota on cpu or memory refuses pods that do not say what they take.
_LITTLE = {"cpu": "10m", "memory": "64Mi"}


def build(name: str, image: str) -> Object:
    """It may do as little as istiod; like there no user is named, some platforms choose it."""
    return {
        "name": name,
        "image": image,
        "resources": {"requests": dict(_LITTLE), "limits": dict(_LITTLE)},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
