# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian's Prometheus beside a cluster: it reads istiod, the agents and the Envoys.

Debian builds it without Kubernetes' service discovery; `discovery` writes a file in its place.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from sandbox import packages
from sandbox.cluster import PROMETHEUS_PORT, Cluster
from sandbox.enclosure import Enclosure
from sandbox.places import Places

INTERVAL = "5s"
_CHECKOUT = Path(__file__).resolve().parents[1]
_JOBS = {
    "istiod": "/metrics",
    "agent": "/stats/prometheus",
    "envoy": "/stats/prometheus",
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
            "metrics_path": path,
            "file_sd_configs": [{"files": [str(targets_file(places, job))]}],
        }
        for job, path in _JOBS.items()
    ]
    interval = {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL}
    return yaml.safe_dump({"global": interval, "scrape_configs": jobs}, sort_keys=False)
