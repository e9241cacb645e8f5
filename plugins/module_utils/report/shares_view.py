# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Which share the target of a switchover was to get, and which one came."""

from __future__ import annotations

from ansible_collections.meshwright.istio.plugins.module_utils.report import words
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.markup import Html, el
from ansible_collections.meshwright.istio.plugins.module_utils.report.tables import (
    columns,
    maybe,
    table,
)

_HEADS = columns("Step", "#Set", "#Came", "#Requests", "#Took")


def section(facts: Facts) -> list[Html]:
    """A row for each step that has held; what came was counted by the gateways of both clusters."""
    rows = [
        (
            wave.label,
            _share(wave.share),
            _share(wave.real_share),
            maybe(wave.requests),
            words.duration((wave.ended - wave.started).total_seconds())
            if wave.started and wave.ended
            else "",
        )
        for wave in facts.waves
        if wave.share is not None
    ]
    if not rows:
        return [el("p", "No step has held.", class_="soft")]
    return [table("Shares of the target", _HEADS, rows)]


def _share(value: float | None) -> str:
    return "" if value is None else f"{words.number(value)} %"
