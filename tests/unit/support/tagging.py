# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module `istio_revision_tag` on a mesh with two revisions."""

from __future__ import annotations

from typing import Any

from ansible_collections.meshwright.istio.plugins.modules import istio_revision_tag
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.live_mesh import LiveMesh
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

# Its objects.
DEFAULT_TAG = {
    "MutatingWebhookConfiguration istio-revision-tag-default",
    "Service istiod-revision-tag-default",
    "ValidatingWebhookConfiguration istiod-default-validator",
}


def two_revisions() -> LiveMesh:
    """1-30 and 1-31 side by side, and a namespace for their users."""
    mesh = LiveMesh(mesh_objects.namespace("shop"))
    mesh.install("1.30.4", revision="1-30")
    mesh.install("1.31.0", revision="1-31")
    return mesh


def run(api: LiveMesh, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
    """Set, move or remove a tag: `prod`, and to 1-31, where nothing else is said."""
    api.writes.clear()
    given = {"tag": "prod", "revision": "1-31", **arguments}
    if given.get("state") == "absent":
        del given["revision"]
    return run_module(istio_revision_tag, api, given, check=check)


def actions(result: dict[str, Any]) -> dict[str, str]:
    """What became of each object."""
    return {f"{each['kind']} {each['name']}": each["action"] for each in result["objects"]}
