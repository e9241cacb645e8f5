# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What a switchover still has to do: from its journal, what is installed, and the share in force.

Plain data in and out. Whatever forbids it is found here, before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._journal import Journal
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Phase
from ansible_collections.meshwright.istio.plugins.module_utils._switchover_request import (
    Seen,
    Side,
    Wish,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A share that the target gets; one below the share in force has been passed already."""

    number: int
    share: int
    done: bool

    @property
    def name(self) -> str:
        return f"{self.share} %"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What there is to do. `known` are the shares that this switchover may have set last."""

    wish: Wish
    seen: Seen
    sides: tuple[Side, Side]
    begun: Journal | None
    needed: bool
    installs: bool
    known: tuple[int, ...]
    steps: tuple[Step, ...]

    def summary(self) -> dict[str, Any]:
        """As the module returns it."""
        return {
            "begun": self.begun is not None,
            "needed": self.needed,
            "installs": self.installs,
            "known": list(self.known),
            "steps": [{**asdict(each), "name": each.name} for each in self.steps],
            "record": self.record(),
            "table": list(self._lines()),
        }

    def record(self) -> dict[str, Any]:
        """What the journal shall have of it; the report reads the same names."""
        versions = [
            {"revision": side.name, "version": version}
            for side in self.sides
            if (version := _version(side)) is not None
        ]
        return {
            "director": self.wish.director,
            "installs": self.installs,
            "sources": versions,
            "steps": list(self.wish.steps),
            "waves": [{"name": each.name, "namespaces": []} for each in self.steps],
        }

    def _lines(self) -> Iterator[str]:
        wish, (source, target) = self.wish, self.sides
        yield f"Switchover from {wish.source} to {wish.target} by {wish.director}."
        yield f"{source.name} runs Istio {', '.join(map(str, source.planes))}."
        if self.installs:
            yield f"{target.name} gets Istio {wish.version} as {wish.revision}."
        else:
            yield f"{target.name} runs Istio {', '.join(map(str, target.planes))}."
        where = "" if self.seen.holds else f", but not everywhere: {self.seen.reason}"
        yield f"{self.seen.object}: {target.name} gets {self.seen.share:g} % now{where}."
        if not self.needed:
            yield f"Nothing is left to do: {target.name} has all requests."
            return
        if self.begun is not None:
            yield f"It was opened {self.begun.opened} and goes on after phase {self.begun.step}."
        for each in self.steps:
            yield f"Step {each.number}: {each.name}{', which is passed' if each.done else ''}"


def plan(wish: Wish, seen: Seen, source: Side, target: Side) -> Plan:
    """The plan; refused where something forbids it."""
    begun = _begun(wish, source, target)
    facts: Mapping[str, Any] = begun.facts if begun else {}
    needed = begun is not None or not (seen.holds and seen.is_one_of([100]))
    known = tuple(dict.fromkeys(facts.get("share", {}).values() if begun else [])) or (0,)
    installs = bool(facts.get("installs", not target.planes))
    if needed:
        _refuse_strangers(wish, seen, known, begun=begun is not None)
        _refuse_planes(wish, source, target)
    return Plan(
        wish=wish,
        seen=seen,
        sides=(source, target),
        begun=begun,
        needed=needed,
        installs=installs,
        known=known,
        steps=_steps(wish, round(seen.share)),
    )


def _begun(wish: Wish, source: Side, target: Side) -> Journal | None:
    """The journal of the same switchover, where it is unfinished; another one is refused."""
    for side in (source, target):
        found = side.unfinished
        if found is not None and found.upgrade != wish.upgrade:
            raise RefusedError(
                f"Another upgrade is unfinished in {side.name}: {found.upgrade}, at phase"
                f" {found.step}. Finish it by running it again, or take it back with"
                " roll_back.yml."
            )
    found = source.unfinished
    if found is not None and found.step.phase is Phase.ROLLING_BACK:
        raise RefusedError(
            f"The switchover from {wish.source} to {wish.target} is on its way back. Finish that"
            " with roll_back.yml first."
        )
    return found


def _refuse_strangers(wish: Wish, seen: Seen, known: Sequence[int], *, begun: bool) -> None:
    """A share that nobody of us has set belongs to somebody else."""
    who = seen.writer or "somebody else"
    last = " or ".join(f"{each} %" for each in known)
    if not seen.is_one_of(known):
        was = f"this switchover has set {last} last" if begun else "no switchover is under way"
        raise RefusedError(
            f"{seen.object} gives {wish.target} {seen.share:g} %, but {was}: {who} has written it."
            f" No weight was written. Find out who, set it to {last}, and run the same again.",
            writer=seen.writer,
            stranger=True,
        )
    if not seen.holds and not begun:
        raise RefusedError(
            f"{seen.object} does not say the same everywhere: {seen.reason.rstrip('.')}. No weight"
            f" was written. Set it to {last} everywhere, and run the same again.",
            writer=seen.writer,
            stranger=True,
        )


def _refuse_planes(wish: Wish, source: Side, target: Side) -> None:
    if not source.planes:
        raise RefusedError(
            f"The source {source.name} has no control plane of Istio. Are source and target"
            " exchanged?"
        )
    if not target.planes and not wish.version:
        raise BadInputError(
            f"version: got nothing, but the target {target.name} has no control plane of Istio;"
            " right is the version that it shall get, such as 1.31.0."
        )
    if target.planes and wish.version not in ("", *(each.version for each in target.planes)):
        raise RefusedError(
            f"The target {target.name} has Istio {', '.join(map(str, target.planes))}, not"
            f" {wish.version}. Upgrade it there first, or give no version to take what it has."
        )


def _steps(wish: Wish, current: int) -> tuple[Step, ...]:
    """The step in force is not done: whoever goes on proves it again before the next one."""
    shares = sorted({*wish.steps, *([current] if current > 0 else [])})
    return tuple(
        Step(number=number, share=share, done=share < current)
        for number, share in enumerate(shares, start=1)
    )


def _version(side: Side) -> str | None:
    return next((each.version for each in side.planes if each.version), None)
