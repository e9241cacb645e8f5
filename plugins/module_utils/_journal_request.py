# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What a user asks of the journal, and the record that follows from it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _bookkeeping,
    _lock,
    _namespace,
    _phase,
    _run_id,
    _version,
)
from ansible_collections.meshwright.istio.plugins.module_utils._bookkeeping import Event
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._journal import Journal, Upgrade
from ansible_collections.meshwright.istio.plugins.module_utils._lock import TIME, Claim
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Path, Phase, Step
from ansible_collections.meshwright.istio.plugins.module_utils._record import Record

PHASES = [str(phase) for phase in (*_phase.ADVANCING, *_phase.CLOSING)]
_SHORTEST, _LONGEST = 15, 24 * 3600

Plan = Callable[[Record], Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """The run that asks, what it has to say, and when."""

    event: Event
    claim: Claim
    now: datetime


def from_params(params: Mapping[str, Any], now: datetime) -> Plan:
    """Read the module's options; what comes back makes the wanted record of the present one.

    BadInputError for what cannot be right in any cluster.
    """
    if not _SHORTEST <= params["lease_seconds"] <= _LONGEST:
        raise BadInputError(
            f"lease_seconds: got {params['lease_seconds']}; right is {_SHORTEST} to {_LONGEST}, and"
            " longer than the longest step of the upgrade."
        )
    run_id = params["run_id"] or _run_id.identify(os.getppid())
    speaker = Speaker(
        event=Event(
            run_id=run_id, time=now.strftime(TIME), note=params["note"], facts=params["facts"]
        ),
        claim=Claim(
            run_id=run_id,
            host=socket.gethostname(),
            seconds=params["lease_seconds"],
            take_over_from=params["take_over_from"],
        ),
        now=now,
    )
    return ACTIONS[params["action"]](params, speaker)


def _open(params: Mapping[str, Any], speaker: Speaker) -> Plan:
    _check_phase(params, ())
    path = Path(params["path"])
    for option in ("source", "target"):
        _check_end(path, option, params[option])
    if params["source"] == params["target"]:
        raise BadInputError(
            f"target: got '{params['target']}', which is the source too; right is another one."
        )
    upgrade = Upgrade(path=path, source=params["source"], target=params["target"])

    def plan(record: Record) -> Record:
        journal = _bookkeeping.begin(record.journal, upgrade, speaker.event, again=params["again"])
        if journal.closed is not None:
            return record
        lock = _lock.take(record.lock, speaker.claim, speaker.now)
        return replace(record, journal=journal, lock=lock)

    return plan


def _advance(params: Mapping[str, Any], speaker: Speaker) -> Plan:
    _check_phase(params, _phase.ADVANCING)
    step = Step(phase=Phase(params["phase"]), wave=params["wave"] or 0)

    def plan(record: Record) -> Record:
        lock = _lock.keep(record.lock, speaker.claim, speaker.now)
        journal = _bookkeeping.advance(_existing(record), step, speaker.event)
        return replace(record, journal=journal, lock=lock)

    return plan


def _renew(params: Mapping[str, Any], speaker: Speaker) -> Plan:
    _check_phase(params, ())

    def plan(record: Record) -> Record:
        return replace(record, lock=_lock.renew(record.lock, speaker.claim, speaker.now))

    return plan


def _pause(params: Mapping[str, Any], speaker: Speaker) -> Plan:
    _check_phase(params, ())

    def plan(record: Record) -> Record:
        if record.lock.holder is None:
            return record
        _lock.keep(record.lock, speaker.claim, speaker.now)
        journal = record.journal
        if journal is not None and journal.closed is None:
            journal = _bookkeeping.add_note(journal, speaker.event)
        return replace(record, journal=journal, lock=_lock.give_back(record.lock))

    return plan


def _close(params: Mapping[str, Any], speaker: Speaker) -> Plan:
    _check_phase(params, _phase.CLOSING)
    phase = Phase(params["phase"] or Phase.DONE)

    def plan(record: Record) -> Record:
        journal = _bookkeeping.close(_existing(record), phase, speaker.event)
        if journal is record.journal and record.lock.holder != speaker.claim.run_id:
            return record
        # Refused while another run holds it.
        _lock.take(record.lock, speaker.claim, speaker.now)
        return replace(record, journal=journal, lock=_lock.give_back(record.lock))

    return plan


def _read(params: Mapping[str, Any], _speaker: Speaker) -> Plan:
    _check_phase(params, ())
    return lambda record: record


def _check_phase(params: Mapping[str, Any], allowed: Sequence[Phase]) -> None:
    phase = params["phase"]
    if phase is not None and phase not in allowed:
        right = f"one of {', '.join(allowed)}" if allowed else "no phase"
        raise BadInputError(
            f"phase: got '{phase}' with action={params['action']}; right is {right}."
        )


def _check_end(path: Path, option: str, name: str) -> None:
    """In place the revision stays, so an upgrade leads from a version to a version.

    A switchover leads from a cluster to a cluster, as the inventory calls them.
    """
    match path:
        case Path.IN_PLACE:
            _version.read_option(option, name)
        case Path.SWITCHOVER:
            if not name.strip() or not name.isprintable():
                raise BadInputError(
                    f"{option}: got '{name}'; right is the name that the inventory has for the"
                    " cluster."
                )
        case _:
            _namespace.check_name(option, name)


def _existing(record: Record) -> Journal:
    if record.journal is None:
        raise RefusedError("No upgrade is on record in this cluster. Open one with action=open.")
    return record.journal


ACTIONS: dict[str, Callable[[Mapping[str, Any], Speaker], Plan]] = {
    "open": _open,
    "advance": _advance,
    "renew": _renew,
    "pause": _pause,
    "close": _close,
    "read": _read,
}
