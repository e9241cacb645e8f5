# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster of many namespaces, and the ways to move them to a revision that are compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import plays
from benchmarks.api import MERGE, each
from benchmarks.control_plane import ControlPlane, control_plane
from benchmarks.errors import BenchmarkError
from benchmarks.injection import NEW, REVISION, add_webhooks
from benchmarks.plays import Task, Took
from sandbox.build import Artifacts

MODULE = "meshwright.istio.namespace_revision_label"
INJECTION = "istio-injection"
_MARK = {"benchmark": "moves"}
_SELECTOR = "benchmark=moves"
_PATH = "/api/v1/namespaces"
_MOVED = {"labels": {REVISION: NEW, INJECTION: None}}
_BACK = {"metadata": {"labels": {REVISION: None, INJECTION: "enabled"}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespaces:
    """A control plane with so many namespaces, all of them with `istio-injection=enabled`."""

    plane: ControlPlane
    names: tuple[str, ...]

    def move_back(self) -> None:
        """Give those that were moved the labels that they had in the beginning."""
        listed = self.plane.api.get(f"{_PATH}?labelSelector={_SELECTOR},{REVISION}")
        moved = [item["metadata"]["name"] for item in listed["items"]]
        each(
            lambda name: self.plane.api.send("PATCH", f"{_PATH}/{name}", _BACK, content_type=MERGE),
            moved,
        )

    def check_moved(self, who: str) -> None:
        """See that each of them is as every contender shall leave it."""
        wanted = f"{_SELECTOR},{REVISION}={NEW},!{INJECTION}"
        moved = len(self.plane.api.get(f"{_PATH}?labelSelector={wanted}")["items"])
        if moved != len(self.names):
            raise BenchmarkError(f"{who} moved {moved} of {len(self.names)} namespaces")

    def arguments(self, kubeconfig: Path) -> dict[str, str]:
        """What this collection's module is told."""
        return {"kubeconfig": str(kubeconfig), "label_selector": _SELECTOR, "revision": NEW}

    def our_task(self, kubeconfig: Path) -> Task:
        """One task of this collection."""
        return {MODULE: self.arguments(kubeconfig)}

    def template_task(self, kubeconfig: Path) -> Task:
        """One task of kubernetes.core with a template of all documents."""
        template = self.plane.folder / "namespaces.yml.j2"
        lines = (
            "{% for name in names %}",
            "---",
            "apiVersion: v1",
            "kind: Namespace",
            "metadata:",
            "  name: {{ name }}",
            f"  labels: {{{REVISION}: {NEW}, {INJECTION}: null}}",
            "{% endfor %}",
        )
        template.write_text("\n".join(lines) + "\n")
        return {
            "kubernetes.core.k8s": {
                "kubeconfig": str(kubeconfig),
                "state": "patched",
                "template": str(template),
            },
            "vars": {"names": list(self.names)},
        }

    def loop_task(self, kubeconfig: Path) -> Task:
        """The same as a loop, one document an item."""
        metadata = {"name": "{{ item }}", **_MOVED}
        definition = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        return {
            "kubernetes.core.k8s": {
                "kubeconfig": str(kubeconfig),
                "state": "patched",
                "definition": definition,
            },
            "loop": list(self.names),
        }

    def kubectl(self, kubeconfig: Path) -> Took:
        """Run `kubectl label` on all of them."""
        kubectl = self.plane.artifacts.path("kubectl")
        chosen = (f"--kubeconfig={kubeconfig}", "label", "namespaces", "-l", _SELECTOR)
        labels = (f"{REVISION}={NEW}", f"{INJECTION}-", "--overwrite")
        return plays.timed([kubectl, *chosen, *labels], home=self.plane.folder)


@contextmanager
def namespaces(artifacts: Artifacts, count: int) -> Iterator[Namespaces]:
    """A control plane of its own with so many namespaces and the webhook of the new revision."""
    with control_plane(artifacts) as plane:
        add_webhooks(plane, NEW)
        names = tuple(f"team-{number:04}" for number in range(count))
        each(lambda name: plane.api.send("POST", _PATH, _namespace(name)), names)
        yield Namespaces(plane=plane, names=names)


def _namespace(name: str) -> dict[str, object]:
    labels = {**_MARK, INJECTION: "enabled"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
