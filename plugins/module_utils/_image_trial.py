# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A short pod that pulls the images before anything depends on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _kinds,
    _readiness,
    _trial_container,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    NotReadyError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._pulling import Pulling
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter

NAME = "meshwright-image-trial"
_LABEL = "meshwright.istio/image-trial"
# Should this run be killed, the pod ends by itself.
_SECONDS_TO_LIVE = 300
_UNSCHEDULED = "the trial's pod cannot be scheduled"
_REFUSED = frozenset({"ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"})
# The first failure of a pull may be a hiccup of the registry; the back-off comes after the second.
# https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/images/types.go
_FAILING = _REFUSED | {
    "ErrImagePull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The images to try, and how they are pulled."""

    images: tuple[str, ...]
    pull_policy: str | None
    pulling: Pulling


def run(api: Api, namespace: str, trial: Trial, waiter: Waiter) -> None:
    """Pull the images on a node; RefusedError with the kubelet's words when one cannot be."""
    waiter.say(f"trying to pull {' and '.join(trial.images)}")
    api.delete(_kinds.POD, NAME, namespace, propagation="Background")
    waiter.follow(api, _kinds.POD, namespace, _LABEL, _gone)
    api.create(_kinds.POD, _pod(namespace, trial), namespace)
    try:
        waiter.follow(api, _kinds.POD, namespace, _LABEL, judge)
    except NotReadyError as error:
        raise _refusal(trial, error.details["reason"]) from error
    finally:
        api.delete(_kinds.POD, NAME, namespace)


def _refusal(trial: Trial, reason: str) -> RefusedError:
    placed = not reason.startswith(_UNSCHEDULED)
    details = {"images": list(trial.images), "placed": placed}
    if placed:
        return RefusedError(
            f"The images cannot be used: {reason}. No object of Istio was written."
            " Correct hub or image_pull_secrets, or provide the images, or set try_images: false.",
            **details,
        )
    return RefusedError(
        f"The images could not be tried: {reason.rstrip('.')}. No object of Istio was written. It"
        " goes to the nodes that istiod may go to: correct nodeSelector, tolerations and affinity"
        " of pilot in values, or make such a node free, or set try_images: false.",
        **details,
    )


def _gone(pods: Sequence[Object]) -> Readiness:
    return _readiness.waiting("the last trial's pod is still there") if pods else _readiness.READY


def judge(pods: Iterable[Mapping[str, Any]]) -> Readiness:
    """Whether every image of the pod has been pulled."""
    for pod in pods:
        statuses = (pod.get("status") or {}).get("containerStatuses") or ()
        for status in statuses:
            waiting = (status.get("state") or {}).get("waiting") or {}
            reason = waiting.get("reason", "")
            if reason in _FAILING:
                text = f"{status['image']}: {waiting.get('message') or reason}"
                return Readiness(ready=False, reason=text, can_improve=reason not in _REFUSED)
            if waiting and reason in ("ContainerCreating", ""):
                return _readiness.waiting(f"{status['image']} is being pulled")
        if statuses:
            return _readiness.READY
        return _readiness.waiting(_unscheduled(pod) or "the trial's pod has not started yet")
    return _readiness.waiting("the trial's pod is not there yet")


def _unscheduled(pod: Mapping[str, Any]) -> str:
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"{_UNSCHEDULED}: {condition.get('message', '')}"
    return ""


def _pod(namespace: str, trial: Trial) -> Object:
    policy = {"imagePullPolicy": trial.pull_policy} if trial.pull_policy else {}
    return {
        "apiVersion": _kinds.POD.api_version,
        "kind": _kinds.POD.kind,
        "metadata": {
            "name": NAME,
            "namespace": namespace,
            "labels": {_LABEL: "true", "sidecar.istio.io/inject": "false"},
        },
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": _SECONDS_TO_LIVE,
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "imagePullSecrets": [{"name": name} for name in trial.pulling.secrets],
            **trial.pulling.placement,
            "containers": [
                {
                    **_trial_container.build(f"image-{number}", image),
                    # Whether this can be run does not matter: by then the image is there.
                    "command": ["/usr/local/bin/pilot-agent", "version"],
                    **policy,
                }
                for number, image in enumerate(trial.images)
            ],
        },
    }
