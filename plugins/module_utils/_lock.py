# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The lock of an upgrade: a Lease beside the journal, held by one run at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _run_id
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError

# As people read it, and as a Lease holds it.
TIME = "%Y-%m-%dT%H:%M:%SZ"
_MICRO_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_HOST_ANNOTATION = "meshwright.istio/host"

# Whether a run goes on; None where nobody can know.
_Alive = Callable[[str], "bool | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A run that wants the lock for so many seconds; `take_over_from` is a run known to be dead."""

    run_id: str
    host: str
    seconds: int
    take_over_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Who holds it and until when; `holder` is None while nobody does."""

    holder: str | None = None
    host: str | None = None
    since: datetime | None = None
    renewed: datetime | None = None
    seconds: int = 0
    transitions: int = 0
    version: str | None = None

    @classmethod
    def from_object(cls, item: Mapping[str, Any] | None) -> Lock:
        """Read the Lease; without one nobody holds the lock."""
        if item is None:
            return cls()
        spec = item.get("spec") or {}
        return cls(
            holder=spec.get("holderIdentity") or None,
            host=(item["metadata"].get("annotations") or {}).get(_HOST_ANNOTATION),
            since=_parse(spec.get("acquireTime")),
            renewed=_parse(spec.get("renewTime")),
            seconds=spec.get("leaseDurationSeconds") or 0,
            transitions=spec.get("leaseTransitions") or 0,
            version=item["metadata"]["resourceVersion"],
        )

    def to_object(self, namespace: str, name: str) -> dict[str, Any]:
        """The Lease; with the version that was read, so that a second writer is refused."""
        annotations = {"annotations": {_HOST_ANNOTATION: self.host}} if self.host else {}
        version = {"resourceVersion": self.version} if self.version else {}
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": name, "namespace": namespace, **annotations, **version},
            "spec": {
                **({"holderIdentity": self.holder} if self.holder else {}),
                "leaseDurationSeconds": max(1, self.seconds),
                "leaseTransitions": self.transitions,
                **_times(acquireTime=self.since, renewTime=self.renewed),
            },
        }

    @property
    def expires(self) -> datetime | None:
        return self.renewed + timedelta(seconds=self.seconds) if self.renewed else None

    def is_free(self, now: datetime, is_alive: _Alive) -> bool:
        """Whether another run may have it: nobody's, of a run that has ended, or expired.

        It does not expire while its run is seen to go on.
        """
        if self.holder is None:
            return True
        alive = is_alive(self.holder)
        return self.has_expired(now) if alive is None else not alive

    def has_expired(self, now: datetime) -> bool:
        return self.expires is None or self.expires <= now

    def summary(self) -> dict[str, Any]:
        """As modules return it."""
        return {
            "holder": self.holder,
            "host": self.host,
            "since": show(self.since),
            "renewed": show(self.renewed),
            "expires": show(self.expires),
        }


def take(lock: Lock, claim: Claim, now: datetime, is_alive: _Alive = _run_id.is_alive) -> Lock:
    """The lock as this run holds it; the same one when it holds it and it is fresh.

    Refused while another run holds it, unless that is the one to take it over from.
    """
    if lock.holder == claim.run_id:
        return _renew(lock, claim, now)
    if lock.holder != claim.take_over_from and not lock.is_free(now, is_alive):
        raise _refused(lock, now)
    return Lock(
        holder=claim.run_id,
        host=claim.host,
        since=now,
        renewed=now,
        seconds=claim.seconds,
        transitions=lock.transitions + 1,
        version=lock.version,
    )


def _refused(lock: Lock, now: datetime) -> RefusedError:
    end = f"its lock ends at {show(lock.expires)} unless it is renewed. Wait for it."
    if lock.has_expired(now):
        end = (
            f"its lock has ended at {show(lock.expires)}, but its process goes on here. Wait for"
            " it, or end it."
        )
    return RefusedError(
        f"Another run works on this upgrade: {lock.holder} on host {lock.host}, since"
        f" {show(lock.since)}; {end} If it is known to be dead, set take_over_from to its name.",
        lock=lock.summary(),
    )


def renew(lock: Lock, claim: Claim, now: datetime) -> Lock:
    """The lock of the run that holds it, with all of its time before it; refused as in `keep`."""
    return replace(keep(lock, claim, now), renewed=now)


def keep(lock: Lock, claim: Claim, now: datetime) -> Lock:
    """The lock of the run that holds it, renewed; refused when it no longer does.

    An expired lock that nobody has taken is still its holder's.
    """
    if lock.holder == claim.run_id:
        return _renew(lock, claim, now)
    found = f"{lock.holder} has it since {show(lock.since)}" if lock.holder else "nobody has it"
    raise RefusedError(
        f"This run, {claim.run_id}, does not hold the lock of the upgrade: {found}. Nothing was"
        " written. Stop here, or take the lock with action=open when it is free.",
        lock=lock.summary(),
    )


def _renew(lock: Lock, claim: Claim, now: datetime) -> Lock:
    """The lock with a new end, unless it has most of its time left."""
    fresh = lock.renewed is not None and now - lock.renewed < timedelta(seconds=claim.seconds / 3)
    if fresh and lock.seconds == claim.seconds:
        return lock
    return replace(lock, renewed=now, seconds=claim.seconds)


def give_back(lock: Lock) -> Lock:
    """The lock as nobody's."""
    return Lock(transitions=lock.transitions, version=lock.version)


def show(time: datetime | None) -> str | None:
    """A time as people read it."""
    return time.strftime(TIME) if time else None


def _parse(text: str | None) -> datetime | None:
    return datetime.strptime(text, _MICRO_TIME).replace(tzinfo=UTC) if text else None


def _times(**times: datetime | None) -> dict[str, str]:
    return {name: time.strftime(_MICRO_TIME) for name, time in times.items() if time}
