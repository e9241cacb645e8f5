# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The paths of an upgrade that are proven: the playbook of each, and where it can be stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.cluster import Cluster
from tools.environment import CHECKOUT

OLD, NEW = "1.30", "1.31"
NEW_VERSION = "1.31.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradePath:
    """Its name is the prefix of its role's variables; the phases are in the order they come in.

    After the last of them everything has moved and can still be taken back. `by_version` are the
    variables that lead to an istioctl.
    """

    name: str
    phases: Sequence[str]
    by_version: Mapping[str, str]

    @property
    def playbook(self) -> str:
        return f"upgrade_{self.name}"

    @property
    def example(self) -> Path:
        return CHECKOUT / "examples" / f"sandbox_{self.name}.yml"

    def given(self, cluster: Cluster, **variables: Any) -> dict[str, Any]:
        """The role's variables for that cluster; `variables` are without the prefix."""
        own = {
            "soak": 5,
            # The streams of the load are held for ever: waiting longer spares none.
            "gateway_drain_timeout": 60,
            **{
                name: str(cluster.artifacts.path(f"istioctl-{minor}"))
                for name, minor in self.by_version.items()
            },
            **variables,
        }
        return {f"{self.name}_{name}": value for name, value in own.items()}


CANARY = UpgradePath(
    name="canary",
    phases=("revision", "proof", "waves", "gateways", "tags"),
    by_version={"istioctl_path": NEW},
)
IN_PLACE = UpgradePath(
    name="in_place",
    phases=(
        *("control_plane_safe", "control_plane_replaced", "control_plane_proven"),
        *("gateways_moved", "wave_moved", "control_plane_restored"),
    ),
    by_version={"istioctl_path": NEW, "old_istioctl_path": OLD},
)
PATHS = {path.name: path for path in (CANARY, IN_PLACE)}
