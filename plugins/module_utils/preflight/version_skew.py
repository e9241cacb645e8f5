# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A canary may be at most two minor releases ahead, in place one; neither may be behind."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils import _version
from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    left = upgrade.left_revisions(snapshot)
    explain = _version.explain_skew_in_place if upgrade.in_place else _version.explain_skew_beside
    most = "one minor release" if upgrade.in_place else "two minor releases"
    for plane in snapshot.mesh.control_planes:
        if plane.version is None or plane.revision not in left:
            continue
        if upgrade.version < plane.version:
            yield _finding(
                f"{plane.namespace}/{plane.name}",
                title=f"{upgrade.version} is older than {plane.version}, which runs now",
                remedy="Go back with roll_back.yml, or choose a newer version.",
            )
        elif explain(plane.version, upgrade.version):
            yield _finding(
                f"{plane.namespace}/{plane.name}",
                title=f"{upgrade.version} is more than {most} ahead of {plane.version}",
                remedy="Upgrade to a release between them first.",
            )


def _finding(name: str, *, title: str, remedy: str) -> Finding:
    return Finding(
        code="version_skew",
        severity=Severity.BLOCK,
        title=title,
        objects=(name,),
        consequence="Istio does not support the step: proxies may reject what they are sent.",
        remedy=remedy,
        source="istio.io releases/supported-releases, setup/upgrade",
    )
