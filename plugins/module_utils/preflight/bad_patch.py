# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Some patch releases break proxies that the rule of one minor release would allow."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import moving
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    # Beside the old one a new istiod serves nobody but proxies of its own version.
    if not upgrade.in_place:
        return
    for bad in upgrade.rules.bad_patches:
        if upgrade.version not in bad.versions:
            continue
        old = sorted(
            {
                f"{pod.holder} ({pod.version})"
                for pod in moving.pods(snapshot, upgrade)
                if (version := Version.parse(pod.version or "")) is not None
                and version < bad.proxies_older_than
            }
        )
        if old:
            yield Finding(
                code="bad_patch",
                severity=Severity.BLOCK,
                title=f"{upgrade.version} breaks proxies older than {bad.proxies_older_than}",
                objects=tuple(old),
                consequence=f"In place it serves these proxies until they restart, and {bad.what}.",
                remedy="Choose another patch release, or upgrade by a canary.",
                override="bad_patch",
                source=bad.source,
            )
