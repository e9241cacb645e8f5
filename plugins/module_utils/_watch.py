# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""One watch for many objects, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind

# A watch is asked for again after so many seconds, so that the caller can look at the clock.
_BREATH = 5


def key_of(metadata: Mapping[str, Any]) -> str:
    """`namespace/name`, or the name alone."""
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def follow(
    api: Api,
    kind: Kind,
    namespace: str | None = None,
    *,
    label_selector: str = "",
    deadline: float,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[dict[str, Object]]:
    """Yield the objects by `namespace/name`: at once, after each change, and every five seconds.

    It ends at the deadline (on `clock`). The dictionary that is yielded is the same one each time.
    """
    objects: dict[str, Object] = {}
    version = ""
    while True:
        if not version:
            items, version = api.list_with_version(kind, namespace, label_selector=label_selector)
            objects.clear()
            objects.update((key_of(item["metadata"]), item) for item in items)
        yield objects
        remaining = deadline - clock()
        if remaining <= 0:
            return
        seconds = max(1, min(_BREATH, int(remaining) + 1))
        for event, item in _events(api, kind, namespace, version, label_selector, seconds):
            if event == "ERROR":
                # Too old a version: begin again with a list.
                version = ""
                break
            version = item["metadata"]["resourceVersion"]
            if event != "BOOKMARK":
                _apply(objects, event, item)
                yield objects
            if clock() >= deadline:
                return


def _events(
    api: Api, kind: Kind, namespace: str | None, version: str, label_selector: str, seconds: int
) -> Iterator[tuple[str, Object]]:
    try:
        yield from api.watch(
            kind,
            namespace,
            resource_version=version,
            label_selector=label_selector,
            seconds=seconds,
        )
    except ApiError as error:
        if error.status != 410:
            raise
        yield "ERROR", {}


def _apply(objects: dict[str, Object], event: str, item: Object) -> None:
    key = key_of(item["metadata"])
    if event == "DELETED":
        objects.pop(key, None)
    else:
        objects[key] = item
