# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each tool says to the same conditions: the preflight, istioctl's precheck and analyze.

Each condition is made on a mesh that is as new. What a tool says there and not on the healthy mesh
counts as found.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox import reset
from sandbox.cluster import Cluster
from tests.integration.preflight.conditions import CONDITIONS
from tests.integration.preflight.making import Condition
from tests.integration.support.playing import Ansible
from tools.prove.mesh import Mesh, keep

_NEW = "istioctl-1.31"
_FAILED = "failed"
_ASKS = {
    "precheck": ("x", "precheck", "--from-version", "1.30", "-o", "json"),
    "analyze": ("analyze", "-A", "-o", "json"),
}


def prove(mesh: Mesh, _options: argparse.Namespace) -> bool:
    """Every condition is found by the preflight; what the others find is kept beside it."""
    cluster = mesh.cluster
    reset.restore(cluster)
    healthy = {name: _messages(cluster, name) for name in _ASKS}
    figures = {}
    for condition in CONDITIONS:
        figures[condition.name] = _try(cluster, condition, healthy)
        print(f"{condition.name}: {figures[condition.name]}", flush=True)
    reset.restore(cluster)
    found = {
        name: sum(any(said != _FAILED for said in each[name]) for each in figures.values())
        for name in ("preflight", *_ASKS)
    }
    print(f"found of {len(figures)}: {found}", flush=True)
    keep("findings", {"healthy": healthy, "conditions": figures, "found": found})
    return all(set(each["wanted"]) <= set(each["preflight"]) for each in figures.values())


def _try(
    cluster: Cluster, condition: Condition, healthy: Mapping[str, list[str]]
) -> dict[str, list[str]]:
    reset.restore(cluster)
    try:
        condition.make(cluster)
        said = {name: _messages(cluster, name) for name in _ASKS}
        ours = _preflight(cluster, condition.options)
    finally:
        condition.undo(cluster)
    return {
        "wanted": sorted(condition.codes),
        "preflight": ours,
        **{name: sorted(set(said[name]) - set(healthy[name])) for name in _ASKS},
    }


def _messages(cluster: Cluster, name: str) -> list[str]:
    """Each message as its code and where it is from."""
    done = subprocess.run(
        [cluster.artifacts.path(_NEW), f"--kubeconfig={cluster.kubeconfig}", *_ASKS[name]],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    try:
        messages = json.loads(done.stdout or "[]") or []
    except ValueError:
        # Whatever it stumbled over, it has not told of it.
        messages = [{"code": _FAILED}]
    return sorted({f"{each['code']} {each.get('origin', '')}".strip() for each in messages})


def _preflight(cluster: Cluster, options: Mapping[str, Any]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for name in ("istioctl-1.30", _NEW):
            (scratch / name).symlink_to(cluster.artifacts.path(name))
        done = Ansible(kubeconfig=cluster.kubeconfig, scratch=scratch).module(
            "mesh_preflight",
            **{
                "version": "1.31.0",
                "revision": "1-31",
                "istioctl_directory": folder,
                "try_images": False,
                **options,
            },
        )
        return sorted({each["code"] for each in done.result["findings"]})
