# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian's Prometheus beside a cluster: it reads istiod, the agents and the Envoys.

Debian builds it without Kubernetes' service discovery; `discovery` writes a file in its place.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sandbox import packages
from sandbox.cluster import PROMETHEUS_PORT, Cluster
from sandbox.enclosure import Enclosure
from sandbox.places import Places

INTERVAL = "5s"
_CHECKOUT = Path(__file__).resolve().parents[1]
# An Envoy has five thousand series, most of which never change: what is asked for is what passes
# through it, and whether it takes its configuration.
_OF_ENVOY = "|".join(
    (
        r"(up|down)stream_(rq|cx)",
        r"^server\.(live|state|uptime)",
        r"membership_(healthy|total)",
        r"update_(rejected|success)",
    )
)
# An agent always tells what its Envoy says, too, and all of it.
_AGENTS_ALONE = {"source_labels": ["__name__"], "regex": "envoy_.*", "action": "drop"}
_JOBS: Mapping[str, Mapping[str, Any]] = {
    "istiod": {},
    "agent": {
        "metrics_path": "/stats/prometheus",
        "scrape_interval": "1m",
        "metric_relabel_configs": [_AGENTS_ALONE],
    },
    "envoy": {
        "metrics_path": "/stats/prometheus",
        "params": {"usedonly": [""], "filter": [_OF_ENVOY]},
    },
}


def start(cluster: Cluster, enclosure: Enclosure) -> None:
    """Start it and what tells it where the pods are."""
    places = cluster.places
    (places.root / "prometheus").mkdir(exist_ok=True)
    config = places.config / "prometheus.yml"
    config.write_text(configuration(places))
    env = packages.program("env")
    python = (f"PYTHONPATH={_CHECKOUT}", sys.executable, "-m", "sandbox.discovery", cluster.name)
    enclosure.run("discovery", *python, program=env)
    enclosure.run(
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={places.root / 'prometheus'}",
        f"--web.listen-address=0.0.0.0:{PROMETHEUS_PORT}",
        "--storage.tsdb.retention.time=6h",
        "--log.level=warn",
        program=packages.program("prometheus"),
    )


def targets_file(places: Places, job: str) -> Path:
    """Where `discovery` writes the targets of a job."""
    return places.config / f"targets-{job}.json"


def configuration(places: Places) -> str:
    """What Prometheus is told: three jobs whose targets come from files."""
    jobs = [
        {
            "job_name": job,
            **settings,
            "file_sd_configs": [{"files": [str(targets_file(places, job))]}],
        }
        for job, settings in _JOBS.items()
    ]
    interval = {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL}
    return yaml.safe_dump({"global": interval, "scrape_configs": jobs}, sort_keys=False)
