# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Journal and lock in the cluster, read and written so that two runs never mix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _journal, _kinds, _result
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._journal import Journal
from ansible_collections.meshwright.istio.plugins.module_utils._lock import Lock
from ansible_collections.meshwright.istio.plugins.module_utils._result import Change

_TRIES = 5
# In the journal, but not in a diff: every change of the journal lengthens it.
_NOT_SHOWN = ("history", "history_dropped", "earlier")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the cluster holds of an upgrade; `version` is the ConfigMap's, None without one."""

    lock: Lock
    journal: Journal | None = None
    version: str | None = None


def read(api: Api, namespace: str) -> Record:
    """The record as it is."""
    lease = api.get(_kinds.LEASE, _journal.NAME, namespace)
    item = api.get(_kinds.CONFIG_MAP, _journal.NAME, namespace)
    return Record(
        lock=Lock.from_object(lease),
        journal=Journal.from_object(item) if item else None,
        version=item["metadata"]["resourceVersion"] if item else None,
    )


def change(
    api: Api, namespace: str, plan: Callable[[Record], Record], *, dry: bool
) -> tuple[Record, Record]:
    """The record before and after; planned anew when another writer came between."""
    for _try in range(_TRIES):
        before = read(api, namespace)
        after = plan(before)
        if dry:
            return before, after
        try:
            _write(api, namespace, before, after)
        except ApiError as error:
            if error.status == 404:
                raise BadInputError(
                    f"istio_namespace: got '{namespace}', which does not exist; right is the"
                    " namespace of the control planes."
                ) from error
            if error.status != 409:
                raise
        else:
            return before, after
    raise RefusedError(
        f"ConfigMap or Lease {namespace}/{_journal.NAME} was changed by somebody else {_TRIES}"
        " times in a row. Find out who writes to it, then run this again."
    )


def _write(api: Api, namespace: str, before: Record, after: Record) -> None:
    # The lock comes first and goes last, so that nobody writes the journal without it.
    if after.lock.holder is not None:
        _write_lock(api, namespace, before.lock, after.lock)
    if after.journal is not None and after.journal != before.journal:
        item = after.journal.to_object(namespace, before.version)
        _put(api, _kinds.CONFIG_MAP, item)
    if after.lock.holder is None:
        _write_lock(api, namespace, before.lock, after.lock)


def _write_lock(api: Api, namespace: str, before: Lock, after: Lock) -> None:
    if after != before:
        _put(api, _kinds.LEASE, after.to_object(namespace, _journal.NAME))


def _put(api: Api, kind: _kinds.Kind, item: dict[str, Any]) -> None:
    metadata = item["metadata"]
    if "resourceVersion" in metadata:
        api.replace(kind, item)
    else:
        api.create(kind, item, metadata["namespace"])


def report(namespace: str, before: Record, after: Record) -> dict[str, Any]:
    """The module's result. A lock that is only renewed is no change."""
    held_before = before.lock.holder
    taken = held_before is not None and after.lock.holder not in (None, held_before)
    place = f"{namespace}/{_journal.NAME}"
    changes = [
        Change(name=f"ConfigMap {place}", before=_shown(before), after=_shown(after)),
        Change(
            name=f"Lease {place}",
            before={"holder": held_before},
            after={"holder": after.lock.holder},
        ),
    ]
    return {
        "changed": before.journal != after.journal or held_before != after.lock.holder,
        "journal": after.journal.summary() if after.journal else None,
        "lock": after.lock.summary(),
        "resumed": before.journal is not None and before.journal.closed is None,
        "taken_over_from": held_before if taken else None,
        "diff": _result.diff(changes),
    }


def _shown(record: Record) -> dict[str, Any] | None:
    if record.journal is None:
        return None
    summary = record.journal.summary()
    return {key: value for key, value in summary.items() if key not in _NOT_SHOWN}
