# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The new revision's name must be free, or already be that of the wanted version."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._revision import UNREVISIONED
from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

_SOURCE = "istio/istio#24677, #28745; istio.io setup/upgrade/canary"


def find(snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    if upgrade.in_place:
        yield from _not_there(snapshot, upgrade)
    else:
        yield from _not_free(snapshot, upgrade)


def _not_there(snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    planes = snapshot.mesh.control_planes
    if planes and snapshot.mesh.find(upgrade.revision, upgrade.istio_namespace) is None:
        yield _finding(
            title=f"There is no control plane {upgrade.revision} to be replaced",
            objects=tuple(f"{each.namespace}/{each.name} ({each.revision})" for each in planes),
            remedy="Name the revision of one that is there; default is the one without a name.",
        )


def _not_free(snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    tag = snapshot.mesh.tag(upgrade.revision)
    plane = snapshot.mesh.find(upgrade.revision, upgrade.istio_namespace)
    if upgrade.revision == UNREVISIONED:
        yield _finding(
            title="A canary needs a revision of its own",
            objects=(),
            remedy="Give it a name, such as " + str(upgrade.version).replace(".", "-") + ".",
        )
    elif tag is not None:
        yield _finding(
            title=f"{upgrade.revision} is a tag, which points at revision {tag.revision}",
            objects=(f"MutatingWebhookConfiguration {tag.configuration}",),
            remedy="Give the revision a name that no tag has.",
        )
    elif plane is not None and plane.version not in (None, upgrade.version):
        yield _finding(
            title=f"Revision {upgrade.revision} exists already, with version {plane.version}",
            objects=(f"Deployment {plane.namespace}/{plane.name}",),
            remedy="Give the new version a revision of its own: a revision that is replaced where"
            " it stands leaves no way back.",
        )


def _finding(*, title: str, objects: tuple[str, ...], remedy: str) -> Finding:
    return Finding(
        code="revision_name",
        severity=Severity.BLOCK,
        title=title,
        objects=objects,
        consequence="The new control plane could not be told from what is there.",
        remedy=remedy,
        source=_SOURCE,
    )
