# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a running sandbox keeps what; all of it is gone after `down`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

STATE = Path("/var/lib/meshwright-sandbox")
LOCK = Path("/run/lock/meshwright-sandbox.lock")


@dataclass(frozen=True, slots=True)
class Places:
    """The folders and files of one cluster."""

    name: str

    @property
    def root(self) -> Path:
        return STATE / "clusters" / self.name

    @property
    def socket(self) -> Path:
        """Containerd's; the path of a socket may have no more than 107 characters."""
        return self.root / "containerd.sock"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def pod_logs(self) -> Path:
        return self.root / "pod-logs"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    def make(self) -> None:
        """Make the folders; the keys are for root's eyes only."""
        for folder in (self.config, self.logs, self.pod_logs):
            folder.mkdir(parents=True, exist_ok=True)
        self.pki.mkdir(mode=0o700, exist_ok=True)

    def log(self, component: str) -> Path:
        return self.logs / f"{component}.log"
