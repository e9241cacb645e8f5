# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What a person can do now: go on, go back, or tidy up."""

from __future__ import annotations

import shlex

from ansible_collections.meshwright.istio.plugins.module_utils._phase import Phase
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.markup import Html, el
from ansible_collections.meshwright.istio.plugins.module_utils.report.outcome import (
    PHASE,
    Outcome,
    outcome,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.tables import commands


def section(facts: Facts) -> list[Html]:
    """The commands that fit the way in which it ended."""
    match outcome(facts):
        case Outcome.DONE:
            return _done(facts)
        case Outcome.TAKEN_BACK:
            return [
                _say(
                    f"Everything is as it was: on {facts.named(facts.source)}. Nothing is left to"
                    " go back from. Mend the cause, then upgrade again."
                )
            ]
        case Outcome.GIVEN_UP:
            return [
                _say(
                    "The upgrade was given up, and what had moved stays where it is. There is no"
                    " way back on record; upgrade again, in one direction or the other."
                )
            ]
        case Outcome.NOT_BEGUN:
            return [_say("Nothing was moved, so there is nothing to go back from.")]
        case _:
            return _open_end(facts)


def _done(facts: Facts) -> list[Html]:
    if facts.in_place:
        return [
            _say(
                "The control plane was replaced where it stood, and nothing of"
                f" {facts.named(facts.source)} is left. There is no way back from here that keeps"
                " the requests; the next upgrade goes forward."
            )
        ]
    if facts.switchover:
        return [
            _say(
                f"{facts.named(facts.source)} still stands as it was, so the way back is a"
                " switchover with source and target, and the director's two names, exchanged:"
            ),
            commands(
                _run(
                    "upgrade_switchover",
                    switchover_source=facts.target or "THE_TARGET",
                    switchover_target=facts.source or "THE_SOURCE",
                )
            ),
        ]
    source = facts.source or "THE_OLD_REVISION"
    version = facts.versions.get(source, "THE_OLD_VERSION")
    return [
        _say(
            f"{facts.named(facts.source)} still stands until somebody removes it, so the way back"
            " is an upgrade in the other direction, with waves, gates and drained pods like this"
            " one:"
        ),
        commands(_run("upgrade_canary", canary_version=version, canary_revision=source)),
        _say("Once a busy day has passed and nobody wants to go back, remove the old one:"),
        commands(_run("retire_old_revision", canary_old_revision=source)),
    ]


def _open_end(facts: Facts) -> list[Html]:
    if facts.phase == Phase.ROLLING_BACK:
        return [
            _say("The way back has begun and is not finished. It goes on where it stopped:"),
            commands(_run("roll_back")),
        ]
    if facts.switchover:
        return [
            _say("Both clusters serve. To give all requests back, with the variables of the run:"),
            commands(
                _run(
                    "roll_back",
                    switchover_source=facts.source or "THE_SOURCE",
                    switchover_target=facts.target or "THE_TARGET",
                )
            ),
            _say(
                "To go on instead, mend the cause if there is one, and run the switchover again"
                " with the same variables."
            ),
        ]
    state = "What has moved works, and what has not moved works."
    if facts.failure is not None and facts.failure.went_back == PHASE:
        state = "What the failed phase had moved was taken back; what had arrived before it stays."
    return [
        _say(f"{state} To take all of it back:"),
        commands(_run("roll_back")),
        _say(
            "To go on instead, mend the cause if there is one, and run the upgrade again with the"
            " same variables. It does only what is missing."
        ),
    ]


def _run(playbook: str, **variables: str) -> str:
    """What is typed; a name from a journal is nothing that a shell would act on."""
    words = ["ansible-playbook", f"meshwright.istio.{playbook}"]
    for name, value in variables.items():
        words += ["-e", f"{name}={value}"]
    return shlex.join(words)


def _say(text: str) -> Html:
    return el("p", text)
