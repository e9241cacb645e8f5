# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""How the new images are to be tried: as the new istiod will pull them, as far as that is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _images,
    _likely_images,
    _pulling,
)
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import ControlPlane
from ansible_collections.meshwright.istio.plugins.module_utils._pulling import Pulling
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import new_settings
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, upgrade: Upgrade, params: Mapping[str, Any]) -> Pulling:
    """From its settings, else from the istiod that the images are guessed from.

    Secrets that are given take the place of those in the settings, as at the installation.
    """
    values, secrets = new_settings.find(evidence, upgrade), params["image_pull_secrets"]
    plane = _likely_images.newest(evidence.mesh)
    if values is not None:
        found = Pulling.of_values(values)
    else:
        found = _of_plane(evidence, plane) if plane else Pulling()
    return replace(found, secrets=tuple(secrets)) if secrets else found


def _of_plane(evidence: Evidence, plane: ControlPlane) -> Pulling:
    # The ServiceAccount has the secrets too, but the right to read it is needed for nothing else.
    settings = new_settings.beside(evidence, plane, lambda revision: revision.injector_settings)
    secrets = _pulling.secrets_of(_images.read_settings(settings)) if settings else ()
    for item in evidence.of(Topic.CONTROLLERS):
        metadata = item["metadata"]
        found = (item["kind"], metadata["namespace"], metadata["name"])
        if found == ("Deployment", plane.namespace, plane.name):
            return Pulling.of_objects(item, None, secrets)
    return Pulling(secrets=secrets)
