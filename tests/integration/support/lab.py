# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster, the modules that run on it, and what was really asked of it and changed in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from sandbox.api import Object
from sandbox.cluster import Cluster
from tests.integration.support import reading
from tests.integration.support.playing import CHECKOUT, Ansible, Outcome
from tests.integration.support.reading import Difference
from tests.integration.support.recording import Recorder

NEW, NEW_VERSION = "1-31", "1.31.0"
_REVISION = "istio.io/rev"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A module's real run, the writes that it sent, and what is different in the cluster."""

    predicted: Outcome
    done: Outcome
    writes: list[str]
    difference: Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """Modules go through the recorder; the cluster itself is read beside it."""

    cluster: Cluster
    ansible: Ansible
    recorder: Recorder

    def prove(self, module: str, **options: Any) -> Proof:
        """Run a module in check mode, really in a play, and again, and judge each by its writes.

        Check mode and the second run send no write and leave every object as it was; check mode
        says `changed`, and the diff, as the real run does.
        """
        before = reading.quiet(self.cluster)
        self.recorder.take()
        predicted = self.ansible.alone(module, check=True, **options)
        assert self.recorder.writes() == [], "check mode has written"
        reading.expect_same(before, reading.read(self.cluster), "check mode has changed")
        done = self.ansible.module(module, **options)
        writes = self.recorder.writes()
        assert done.changed, done.result
        assert predicted.changed, predicted.result
        assert _timeless(predicted.result.get("diff")) == _timeless(done.result.get("diff"))
        after = reading.quiet(self.cluster)
        again = self.ansible.alone(module, **options)
        assert not again.changed, again.result
        assert self.recorder.writes() == [], "the second run has written"
        reading.expect_same(after, reading.read(self.cluster), "the second run has changed")
        return Proof(
            predicted=predicted,
            done=done,
            writes=writes,
            difference=reading.difference(before, after),
        )

    def refused(self, module: str, **options: Any) -> Outcome:
        """Run a module that is to refuse; it must have written nothing."""
        before = reading.quiet(self.cluster)
        self.recorder.take()
        outcome = self.ansible.alone(module, fails=True, **options)
        assert self.recorder.writes() == [], "a refusal has written"
        reading.expect_same(before, reading.read(self.cluster), "a refusal has changed")
        return outcome

    def pods(self, namespace: str) -> list[Object]:
        """The pods of a namespace that are not ending."""
        path = f"/api/v1/namespaces/{namespace}/pods"
        items: list[Object] = self.cluster.objects.get(path)["items"]
        return [item for item in items if "deletionTimestamp" not in item["metadata"]]

    def revisions(self, namespace: str) -> set[str | None]:
        """The revisions of the sidecars of a namespace."""
        notes = [pod["metadata"].get("annotations", {}) for pod in self.pods(namespace)]
        return {each.get(_REVISION) for each in notes}

    def labels(self, namespace: str) -> Mapping[str, str]:
        """Which labels a namespace has that ask for injection."""
        labels = self.cluster.objects.get(f"/api/v1/namespaces/{namespace}")["metadata"]["labels"]
        return {key: labels[key] for key in (_REVISION, "istio-injection") if key in labels}

    def tags(self) -> dict[str, str]:
        """The tags and where they lead, as istioctl sees them."""
        said = json.loads(self.cluster.run("istioctl-1.31", "tag", "list", "-o", "json"))
        # It also lists a revision that no tag leads to, with no name.
        return {each["tag"]: each["revision"] for each in said if each["tag"]}

    def sidecar(self, namespace: str, labels: Mapping[str, str] | None = None) -> str:
        """The image of the sidecar that a pod would get; the API server only tries it."""
        container = {"name": "server", "image": "localhost/none"}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"generateName": "tried-", "labels": dict(labels or {})},
            "spec": {"containers": [container]},
        }
        made = self.cluster.objects.create(f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod)
        spec = made["spec"]
        containers = [*spec["containers"], *spec.get("initContainers", ())]
        images = {each["name"]: each["image"] for each in containers}
        return str(images.get("istio-proxy", ""))


def _timeless(diff: Any) -> str:
    """A diff without the moments in it, which the real run cannot share with its prediction."""
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", "then", json.dumps(diff))


def control_plane(cluster: Cluster, **changes: Any) -> dict[str, Any]:
    """The options with which the new control plane of the sandbox is installed."""
    settings = canary(cluster)
    return {
        "revision": NEW,
        "version": NEW_VERSION,
        "hub": settings["canary_hub"],
        "operator": settings["canary_operator"],
        "replicas": 1,
        "istioctl_path": settings["canary_istioctl_path"],
        **changes,
    }


def canary(cluster: Cluster) -> dict[str, Any]:
    """What an upgrade of the sandbox's mesh takes, as the demo has it."""
    example = yaml.safe_load((CHECKOUT / "examples/sandbox_canary.yml").read_text())
    return {
        **example,
        "canary_istioctl_path": str(cluster.artifacts.path("istioctl-1.31")),
        "sandbox_address": cluster.node_address,
    }


def touches(difference: Difference, concerns: Callable[[str], bool]) -> set[str]:
    """Every object of a difference that something holds for."""
    everything = difference.added | difference.removed | difference.changed
    return {name for name in everything if concerns(name)}
