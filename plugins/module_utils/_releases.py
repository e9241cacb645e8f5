# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What changes with every release of Istio: the one table to extend for a new one."""

from __future__ import annotations

from ansible_collections.meshwright.istio.plugins.module_utils._version import Version

# The lowest and highest minor release of Kubernetes 1 that each minor release of Istio 1 supports.
# Source: data/compatibility/supportStatus.yml of istio/istio.io, read in November 2026.
_KUBERNETES = {
    24: (28, 31),
    25: (29, 32),
    26: (29, 33),
    27: (29, 33),
    28: (30, 34),
    29: (31, 35),
    30: (32, 36),
    31: (32, 36),
}


def supported_kubernetes(version: Version) -> tuple[int, int] | None:
    """The lowest and highest minor release of Kubernetes; None for a release that is not known."""
    return _KUBERNETES.get(version.minor) if version.major == 1 else None


def known_releases() -> list[str]:
    """The minor releases of Istio that the table has."""
    return [f"1.{minor}" for minor in sorted(_KUBERNETES)]
