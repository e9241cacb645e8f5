# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a running sandbox consists of, as a table and as JSON."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox import cgroups, haproxy, processes
from sandbox.api import ApiError, Object
from sandbox.cluster import Cluster
from sandbox.lifecycle import Sandbox

MIB = 1024**2
_PROXY = "istio-proxy"
_TAG = "istio.io/tag"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterStatus:
    """One cluster; figures are counts of pods, memory is in bytes."""

    name: str
    kubernetes: str
    revisions: tuple[str, ...]
    """Each as `revision (version, ready istiods of all)`."""
    tags: tuple[str, ...]
    proxies: dict[str, int]
    """How many proxies run each version."""
    pods: str
    ingress: str
    prometheus: str
    kubeconfig: str
    memory: int
    dead: tuple[str, ...]


def read(sandbox: Sandbox) -> list[ClusterStatus]:
    """The status of each cluster; one that does not answer says so in place of its version."""
    dead = sandbox.dead()
    return [
        _cluster(cluster, tuple(each for each in dead if each.startswith(f"{cluster.name}/")))
        for cluster in sandbox.clusters
    ]


def table(sandbox: Sandbox, statuses: Sequence[ClusterStatus]) -> str:
    """A column a cluster."""
    rows = [
        ("cluster", [status.name for status in statuses]),
        ("Kubernetes", [status.kubernetes for status in statuses]),
        ("Istio", [", ".join(status.revisions) or "none" for status in statuses]),
        ("tags", [", ".join(status.tags) or "none" for status in statuses]),
        ("proxies", [_counts(status.proxies) for status in statuses]),
        ("pods", [status.pods for status in statuses]),
        ("ingress", [status.ingress for status in statuses]),
        ("Prometheus", [status.prometheus for status in statuses]),
        ("kubeconfig", [status.kubeconfig for status in statuses]),
        ("memory", [f"{status.memory / MIB:.0f} MiB" for status in statuses]),
        ("not running", [", ".join(status.dead) or "-" for status in statuses]),
    ]
    widths = [max(len(values[at]) for _, values in rows) for at in range(len(statuses))]
    lines = [f"{'since':13}{sandbox.started}, workloads: {sandbox.wish.workloads or 'none'}"]
    for title, values in rows:
        cells = (f"{value:{width}}" for value, width in zip(values, widths, strict=True))
        lines.append(f"{title:13}{'   '.join(cells)}".rstrip())
    if len(statuses) > 1:
        lines.append(f"{'front':13}{haproxy.URL} (weights by {haproxy.SOCKET})")
    return "\n".join(lines)


def document(sandbox: Sandbox, statuses: Sequence[ClusterStatus]) -> dict[str, object]:
    """The same for programs."""
    return {
        "started": sandbox.started,
        "workloads": sandbox.wish.workloads,
        "front": haproxy.URL if len(statuses) > 1 else "",
        "clusters": [asdict(status) for status in statuses],
    }


def processor_seconds(cluster: Cluster) -> float:
    """Processor time used so far by everything that belongs to a cluster."""
    ticks = 0
    for pid in _pids(cluster):
        try:
            fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _cluster(cluster: Cluster, dead: tuple[str, ...]) -> ClusterStatus:
    try:
        version = str(cluster.objects.get("/version")["gitVersion"])
        pods = cluster.objects.get("/api/v1/pods")["items"]
        hooks = cluster.objects.get(
            "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
        )["items"]
    except ApiError:
        version, pods, hooks = "does not answer", [], []
    ready = sum(1 for pod in pods if _is_ready(pod))
    return ClusterStatus(
        name=cluster.name,
        kubernetes=version,
        revisions=_revisions(pods),
        tags=_tags(hooks),
        proxies=dict(Counter(filter(None, map(_proxy_version, pods)))),
        pods=f"{ready} of {len(pods)} ready",
        ingress=cluster.ingress_url,
        prometheus=cluster.prometheus_url,
        kubeconfig=str(cluster.kubeconfig),
        memory=processes.memory(_pids(cluster)),
        dead=dead,
    )


def _revisions(pods: Iterable[Object]) -> tuple[str, ...]:
    istiods = [pod for pod in pods if pod["metadata"].get("labels", {}).get("app") == "istiod"]
    found: dict[tuple[str, str], list[bool]] = {}
    for pod in istiods:
        revision = pod["metadata"]["labels"].get("istio.io/rev", "default")
        image = pod["spec"]["containers"][0]["image"]
        found.setdefault((revision, image.rpartition(":")[2]), []).append(_is_ready(pod))
    return tuple(
        f"{revision} ({version}, {sum(ready)}/{len(ready)} ready)"
        for (revision, version), ready in sorted(found.items())
    )


def _tags(hooks: Iterable[Object]) -> tuple[str, ...]:
    labels = [hook["metadata"].get("labels", {}) for hook in hooks]
    pairs = [(each[_TAG], each.get("istio.io/rev")) for each in labels if _TAG in each]
    return tuple(f"{tag} -> {revision}" for tag, revision in sorted(set(pairs)))


def _proxy_version(pod: Object) -> str:
    containers = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())]
    images = [each["image"] for each in containers if each["name"] == _PROXY]
    return images[0].rpartition(":")[2] if images else ""


def _is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _counts(proxies: dict[str, int]) -> str:
    return ", ".join(f"{count} x {version}" for version, count in sorted(proxies.items())) or "none"


def _pids(cluster: Cluster) -> list[int]:
    """The programs, which carry a mark, and what runs in the pods, which is in our cgroup."""
    marked = {process.pid for process in processes.find(f"{cluster.name}/")}
    return sorted(marked | cgroups.members(cluster.name))
