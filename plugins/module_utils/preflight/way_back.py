# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""In place the way back is another installation: it needs the istioctl of the old version."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(_snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    if upgrade.old_istioctl_error is not None:
        yield Finding(
            code="way_back",
            severity=Severity.BLOCK,
            title="There is no istioctl of the version that runs now",
            objects=(),
            consequence=f"It could not be installed again. {upgrade.old_istioctl_error}",
            remedy="Name it with old_istioctl_path, or put it beside the new one, in the folder of"
            " istioctl_directory.",
            override="way_back",
            source="istio/istio#29813",
        )
