# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that stands against an upgrade of 1,000 namespaces with 5,000 pods."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from benchmarks import injection, mesh, module_process, plays
from benchmarks.api import STRATEGIC, Object, each
from benchmarks.errors import BenchmarkError
from benchmarks.figure import Bench, Figure
from benchmarks.mesh import Mesh
from benchmarks.rounds import Contender, Readings, interleave
from benchmarks.row import Row, compare
from sandbox.istio import operator
from sandbox.parts import ISTIO_VERSIONS

NAMESPACES = 1_000
_PODS_EACH = 5
_MODULE = "meshwright.istio.mesh_preflight"
_PRECHECK, _ANALYZE = "istioctl x precheck", "istioctl analyze -A"
# Beside the revision that runs.
_NEXT = "1-31-next"
# With the second one it says that it has found something.
_CODES = (0, 79)
_APP = {"app": "shop"}


def _measure(bench: Bench) -> Sequence[Row]:
    with mesh.mesh(bench) as found:
        _add_istiod(found)
        bench.say(f"{NAMESPACES:,} namespaces with {NAMESPACES * _PODS_EACH:,} pods are made")
        each(lambda number: _add_namespace(found, number), range(NAMESPACES))
        times = interleave(
            [
                Contender("ours", lambda: _ours(found)),
                Contender(_PRECHECK, lambda: _istioctl(found, "precheck", "x", "precheck")),
                Contender(_ANALYZE, lambda: _istioctl(found, "analyze", "analyze", "-A")),
            ],
            bench.repeats,
            bench.say,
        )
    what = f"{NAMESPACES:,} namespaces, {NAMESPACES * _PODS_EACH:,} pods"
    return (
        compare(f"{what}, the module", times["module"], _PRECHECK, times["precheck"]),
        compare("  beside the other", times["module"], _ANALYZE, times["analyze"]),
        compare("  with the start of its process", times["process"], _PRECHECK, times["precheck"]),
        Row(what="  memory of the module", ours=times["memory"], unit="MiB"),
        Row(what="  findings of the module", ours=times["findings"], unit="findings"),
    )


def _ours(found: Mesh) -> Readings:
    arguments = {
        "kubeconfig": str(found.plane.kubeconfig()),
        "version": ISTIO_VERSIONS[mesh.MINOR],
        "revision": _NEXT,
        "istioctl_path": str(found.plane.artifacts.path(f"istioctl-{mesh.MINOR}")),
        # No pod can start here.
        "try_images": False,
    }
    ran = module_process.run(_MODULE, arguments, found.plane.folder)
    return {
        "module": ran.seconds,
        "process": ran.whole,
        "memory": ran.peak_mib,
        "findings": len(ran.result["findings"]),
    }


def _istioctl(found: Mesh, name: str, *arguments: str) -> Readings:
    plane = found.plane
    istioctl = plane.artifacts.path(f"istioctl-{mesh.MINOR}")
    kubeconfig = f"--kubeconfig={plane.kubeconfig()}"
    took = plays.timed([istioctl, *arguments, kubeconfig], home=plane.folder, codes=_CODES)
    return {name: took.seconds}


def _add_istiod(found: Mesh) -> None:
    """The Deployment of the istiod that runs as a process, as ready as that is."""
    plane = found.plane
    document = plane.folder / "preflight.yml"
    document.write_text(yaml.safe_dump(operator(mesh.MINOR, mesh.REVISION)))
    istioctl = plane.artifacts.path(f"istioctl-{mesh.MINOR}")
    manifest = plays.timed([istioctl, "manifest", "generate", "-f", document], home=plane.folder)
    deployments = [
        item
        for item in yaml.safe_load_all(manifest.said)
        if item and item["kind"] == "Deployment" and item["metadata"]["name"].startswith("istiod")
    ]
    if len(deployments) != 1:
        raise BenchmarkError(f"istioctl makes {len(deployments)} istiods instead of one")
    _deploy(found, deployments[0])


def _add_namespace(found: Mesh, number: int) -> None:
    """One workload with its Service, whose pods this istiod has injected."""
    api, space = found.plane.api, f"team-{number}"
    labels = {injection.REVISION: mesh.REVISION}
    api.send("POST", "/api/v1/namespaces", {"metadata": {"name": space, "labels": labels}})
    # Pods need it, and the controller that makes it may be busy with the namespaces before.
    account = {"metadata": {"name": "default"}}
    api.send("POST", f"/api/v1/namespaces/{space}/serviceaccounts", account, allowed=(409,))
    service = {"selector": _APP, "ports": [{"name": "http", "port": 80}]}
    metadata = {"name": "shop", "labels": _APP}
    api.send(
        "POST", f"/api/v1/namespaces/{space}/services", {"metadata": metadata, "spec": service}
    )
    spec = {
        "replicas": _PODS_EACH,
        "selector": {"matchLabels": _APP},
        "template": {
            "metadata": {"labels": _APP},
            "spec": {"containers": [{"name": "app", "image": "localhost/app:1"}]},
        },
    }
    above = _deploy(found, {"metadata": {**metadata, "namespace": space}, "spec": spec})
    body = {"metadata": {**metadata, "ownerReferences": [_owner(above)]}, "spec": spec}
    replica_set = api.send("POST", f"/apis/apps/v1/namespaces/{space}/replicasets", body)
    for pod in range(number * _PODS_EACH, (number + 1) * _PODS_EACH):
        found.add_pod(space, pod, ownerReferences=[_owner(replica_set)])


def _deploy(found: Mesh, item: Object) -> Object:
    """Make a Deployment all of whose pods are ready."""
    metadata = item["metadata"]
    path = f"/apis/apps/v1/namespaces/{metadata['namespace']}/deployments"
    made = found.plane.api.send("POST", path, item)
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    ready = dict.fromkeys(counts, item["spec"].get("replicas", 1))
    return found.plane.api.send(
        "PATCH",
        f"{path}/{metadata['name']}/status",
        {"status": {"observedGeneration": made["metadata"]["generation"], **ready}},
        content_type=STRATEGIC,
    )


def _owner(item: Object) -> Object:
    return {
        "apiVersion": item["apiVersion"],
        "kind": item["kind"],
        "name": item["metadata"]["name"],
        "uid": item["metadata"]["uid"],
        "controller": True,
    }


FIGURE = Figure(
    name="preflight",
    shows=f"what stands against an upgrade of {NAMESPACES:,} namespaces, against istioctl",
    measure=_measure,
)
