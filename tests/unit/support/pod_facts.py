# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What controllers look at in pods and workloads, and what they can do with pods."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

Object = dict[str, Any]
Reference = tuple[str, str, str]


class Hands(Protocol):
    """What `Controllers` does for each of its controllers."""

    now: int
    made_at: dict[str, int]

    def all_pods(self) -> Iterator[Object]: ...

    def make_pod(
        self, item: Object, name: str, owner: Object, more: Mapping[str, str], node: str = ""
    ) -> None: ...

    def remove_pod(self, pod: Object) -> None: ...

    def set_owner(self, pod: Object, owner: Object | None) -> Object: ...

    def is_available(self, item: Object, pod: Object) -> bool: ...

    def age(self, pod: Object) -> tuple[int, int]: ...

    def put(self, item: Object) -> None: ...


def claim(hands: Hands, item: Object, owner: Object, more: Mapping[str, str]) -> list[Object]:
    """The pods of a controller, once it has let those go that no longer match, and taken others.

    A pod that has another controller is never taken.
    """
    key, mine = (owner["kind"], owner["name"]), []
    for pod in list(hands.all_pods()):
        labels, controller = pod["metadata"]["labels"], controller_of(pod)
        matches = selects(item, pod) and more.items() <= labels.items()
        if controller == key and not matches:
            hands.set_owner(pod, None)
        elif controller == key:
            mine.append(pod)
        elif controller is None and matches:
            mine.append(hands.set_owner(pod, owner))
    return mine


def hash_of(item: Object) -> str:
    """That of the template, the same for the same template."""
    text = json.dumps(item["spec"]["template"], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def controller_of(pod: Object) -> tuple[str, str] | None:
    """The kind and name of the controller."""
    for owner in pod["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            return owner["kind"], owner["name"]
    return None


def selects(item: Object, pod: Object) -> bool:
    """Whether the workload's selector matches the pod."""
    labels = pod["metadata"]["labels"]
    return pod["metadata"]["namespace"] == item["metadata"]["namespace"] and all(
        labels.get(key) == value for key, value in item["spec"]["selector"]["matchLabels"].items()
    )


def desired(item: Object) -> int:
    number: int = item["spec"]["replicas"]
    return number


def is_ready(pod: Object) -> bool:
    conditions = pod["status"].get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def reference_of(item: Object) -> Reference:
    return (item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"])
