# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The new version is installed by the istioctl of that version and no other."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(_snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    if upgrade.istioctl_error is not None:
        yield Finding(
            code="istioctl_missing",
            severity=Severity.BLOCK,
            title=f"There is no istioctl of {upgrade.version} at hand",
            objects=(),
            consequence=f"The new control plane could not be installed. {upgrade.istioctl_error}",
            remedy="Put it on the machine that runs Ansible, and name it or its folder.",
            source="istio/istio operator/cmd/mesh/upgrade.go",
        )
