# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Pods as far as the mesh is concerned: whose they are, which proxy they carry, how they do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._mark import Mark
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference

REVISION = "istio.io/rev"
INJECT = "sidecar.istio.io/inject"
_STATUS = "sidecar.istio.io/status"
_MANAGED = "gateway.istio.io/managed"
_PROXY = "istio-proxy"
# The only labels of a pod that Istio's own webhooks look at; the rest would fill the memory.
_KEPT_LABELS = (REVISION, INJECT)
# The label by which a controller tells the pods of one template from those of the next.
_HASHES = (
    "controller-revision-hash",
    "rollouts-pod-template-hash",
    "pod-template-hash",
    "deployment",
)
_VARIANTS = re.compile(r"-(distroless|debug)$")
_VERSION = re.compile(r"\d+\.\d+")
# The reason of a pod's unreadiness where we have said so ourselves.
HIDDEN = "MeshwrightDraining"
# A container that died so often and still is not ready will not get ready by waiting.
_TOO_MANY_RESTARTS = 3
_STARTING = frozenset({"PodInitializing", "ContainerCreating"})
_HOPELESS = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a pod is not ready; `hopeless` where more waiting seldom helps."""

    reason: str
    message: str
    hopeless: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One pod.

    `owner` is the workload behind it (not the ReplicaSet between), None for a bare pod; one that
    is marked is still its workload's, although the controller has let it go. `revision` is None
    where no proxy was injected; `version` where the image does not tell it.
    """

    name: str
    namespace: str
    uid: str
    owner: Reference | None
    revision: str | None
    version: str | None
    phase: str
    ready: bool
    ending: bool
    trouble: Trouble | None = None
    template: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    managed: bool = False
    """Whether it belongs to a gateway that istiod itself deploys."""
    injectable: bool = True
    """False where it forbids a sidecar itself or shares the node's network."""
    mark: Mark | None = None
    """That of a pod that is on its way out."""
    addresses: tuple[str, ...] = ()
    """One of each family of addresses; a Service may lead to either."""
    node: str = ""

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> Pod:
        """Read a pod."""
        metadata, spec, status = item["metadata"], item["spec"], item.get("status") or {}
        labels = metadata.get("labels") or {}
        annotations = metadata.get("annotations") or {}
        managed = _MANAGED in labels
        mark = Mark.from_annotations(annotations)
        proxied = _STATUS in annotations or managed
        revision = annotations.get(REVISION) if proxied else None
        ready = _is_ready(status)
        return cls(
            name=metadata["name"],
            namespace=intern(metadata["namespace"]),
            uid=metadata.get("uid", ""),
            owner=mark.workload if mark else _owner(metadata, labels),
            revision=revision and intern(revision),
            version=version_in(spec) if proxied else None,
            phase=intern(status.get("phase", "Pending")),
            ready=ready,
            ending="deletionTimestamp" in metadata,
            trouble=None if ready else _trouble(status),
            template=next((labels[key] for key in _HASHES if key in labels), ""),
            labels={key: intern(labels[key]) for key in _KEPT_LABELS if key in labels},
            managed=managed,
            # Where both are there, istiod believes the label.
            injectable=not spec.get("hostNetwork")
            and labels.get(INJECT, annotations.get(INJECT)) != "false",
            mark=mark,
            addresses=_addresses(status),
            node=spec.get("nodeName", ""),
        )

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def holder(self) -> str:
        """Whose pod it is, in words; the pod itself where it is nobody's."""
        return str(self.owner) if self.owner else f"Pod {self.key}"

    @property
    def hidden(self) -> bool:
        """Whether it is unready only because we have said so, until its kubelet knows better."""
        return self.trouble is not None and self.trouble.reason == HIDDEN

    @property
    def live(self) -> bool:
        """Whether it is there to stay: neither ended nor ending."""
        return not self.ending and self.phase not in ("Succeeded", "Failed")


def version_of(image: str) -> str | None:
    """The Istio version in an image's tag; None for a digest or a tag that is no version."""
    _path, _colon, tag = image.partition("@")[0].rpartition(":")
    if "/" in tag or not _VERSION.match(tag):
        return None
    return intern(_VARIANTS.sub("", tag))


def version_in(spec: Mapping[str, Any]) -> str | None:
    """The version of the proxy of such a pod; None where there is none, or its image tells none."""
    # A native sidecar is an init container that never ends.
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        if container["name"] == _PROXY:
            return version_of(container.get("image", ""))
    return None


def _addresses(status: Mapping[str, Any]) -> tuple[str, ...]:
    found = [each["ip"] for each in status.get("podIPs") or ()] or [status.get("podIP")]
    return tuple(address for address in found if address)


def _owner(metadata: Mapping[str, Any], labels: Mapping[str, str]) -> Reference | None:
    """The controller, or the controller's own where its name tells without another request."""
    for owner in metadata.get("ownerReferences") or ():
        if owner.get("controller"):
            kind, name = _behind(owner["kind"], owner["name"], labels)
            return Reference(namespace=intern(metadata["namespace"]), kind=intern(kind), name=name)
    return None


def _behind(kind: str, name: str, labels: Mapping[str, str]) -> tuple[str, str]:
    if kind == "ReplicaSet":
        for label, above in (
            ("rollouts-pod-template-hash", "Rollout"),
            ("pod-template-hash", "Deployment"),
        ):
            if label in labels and name.endswith(f"-{labels[label]}"):
                return above, intern(name.removesuffix(f"-{labels[label]}"))
    if kind == "ReplicationController" and "deploymentconfig" in labels:
        return "DeploymentConfig", labels["deploymentconfig"]
    return kind, name


def _is_ready(status: Mapping[str, Any]) -> bool:
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in status.get("conditions") or ()
    )


def _trouble(status: Mapping[str, Any]) -> Trouble | None:
    """The worst thing that its status tells."""
    found = list(_troubles(status))
    return next((trouble for trouble in found if trouble.hopeless), found[0] if found else None)


def _troubles(status: Mapping[str, Any]) -> Iterator[Trouble]:
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield Trouble(
                reason=condition.get("reason", "Unschedulable"),
                message=condition.get("message", ""),
                hopeless=False,
            )
        if condition["type"] == "Ready" and condition.get("reason") == HIDDEN:
            yield Trouble(reason=HIDDEN, message=condition.get("message", ""), hopeless=False)
    for key in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(key) or ():
            yield from _container_troubles(container)


def _container_troubles(container: Mapping[str, Any]) -> Iterator[Trouble]:
    name, state = container["name"], container.get("state") or {}
    waiting = state.get("waiting") or {}
    reason = waiting.get("reason", "")
    restarts = container.get("restartCount", 0)
    last = (container.get("lastState") or {}).get("terminated") or {}
    if reason and reason not in _STARTING:
        crashing = reason == "CrashLoopBackOff"
        yield Trouble(
            reason=reason,
            message=f"container {name}: {waiting.get('message') or reason}",
            hopeless=reason in _HOPELESS and (not crashing or restarts >= _TOO_MANY_RESTARTS),
        )
    elif restarts >= _TOO_MANY_RESTARTS and not container.get("ready"):
        yield Trouble(
            reason="CrashLoopBackOff",
            message=f"container {name} ended {restarts} times, last with exit code"
            f" {last.get('exitCode', 'unknown')}",
            hopeless=True,
        )
    elif "running" in state and not container.get("ready"):
        yield Trouble(
            reason="NotReady",
            message=f"container {name} runs but is not ready",
            hopeless=False,
        )
