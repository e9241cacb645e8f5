# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""How the report writes numbers, times and phases."""

from __future__ import annotations

from datetime import datetime

from ansible_collections.meshwright.istio.plugins.module_utils._phase import Phase

# What has been reached, as a line of the log says it.
REACHED: dict[str, str] = {
    Phase.PREFLIGHT: "Preflight",
    Phase.OPENED: "Journal opened",
    Phase.REVISION_INSTALLED: "Control plane installed",
    Phase.REVISION_PROVEN: "Control plane proven",
    Phase.WAVE_MOVED: "Wave moved",
    Phase.GATEWAYS_MOVED: "Gateways moved",
    Phase.TAGS_MOVED: "Tags moved",
    Phase.CONTROL_PLANE_SAFE: "Control plane made safe",
    Phase.CONTROL_PLANE_REPLACED: "Control plane replaced",
    Phase.CONTROL_PLANE_PROVEN: "Control plane proven",
    Phase.CONTROL_PLANE_RESTORED: "Control plane as large as before",
    Phase.TARGET_READY: "Target has its Istio",
    Phase.COMPARED: "Clusters compared",
    Phase.TRIED: "Target tried",
    Phase.DIRECTOR_PREPARED: "Director prepared",
    Phase.WEIGHT_SHIFTED: "Weight shifted",
    Phase.DRAINED: "Source drained",
    Phase.DIRECTOR_RESTORED: "Director as before",
    Phase.VERIFIED: "Mesh verified",
    Phase.DONE: "Done",
    Phase.ROLLING_BACK: "Way back begun",
    Phase.ROLLED_BACK: "Taken back",
    Phase.ABANDONED: "Given up",
}
# The work that leads there, as a bar of the timeline is called.
WORK: dict[str, str] = {
    Phase.REVISION_INSTALLED: "Install the control plane",
    Phase.REVISION_PROVEN: "Prove it",
    Phase.GATEWAYS_MOVED: "Move the gateways",
    Phase.TAGS_MOVED: "Move the tags",
    Phase.CONTROL_PLANE_SAFE: "Make the control plane safe",
    Phase.CONTROL_PLANE_REPLACED: "Replace the control plane",
    Phase.CONTROL_PLANE_PROVEN: "Prove it",
    Phase.CONTROL_PLANE_RESTORED: "Make it as large as before",
    Phase.TARGET_READY: "Make the target ready",
    Phase.COMPARED: "Compare the clusters",
    Phase.TRIED: "Try the target",
    Phase.DIRECTOR_PREPARED: "Prepare the director",
    Phase.DRAINED: "Drain the source",
    Phase.DIRECTOR_RESTORED: "Restore the director",
    Phase.VERIFIED: "Verify the mesh",
    Phase.DONE: "Close",
    Phase.ROLLING_BACK: "Before the way back",
    Phase.ROLLED_BACK: "Way back",
    Phase.ABANDONED: "Before it was given up",
}
# The role's own names of its phases, which errors may carry.
ROLE_PHASES: dict[str, str] = {
    "revision": Phase.REVISION_INSTALLED,
    "proof": Phase.REVISION_PROVEN,
    "waves": Phase.WAVE_MOVED,
    "gateways": Phase.GATEWAYS_MOVED,
    "tags": Phase.TAGS_MOVED,
    "verify": Phase.VERIFIED,
    "roll_back": Phase.ROLLED_BACK,
}
_IN_WORK: dict[str, str] = {
    Phase.PREFLIGHT: "in the preflight",
    Phase.REVISION_INSTALLED: "while the control plane was installed",
    Phase.REVISION_PROVEN: "while the control plane was proven",
    Phase.WAVE_MOVED: "in a wave",
    Phase.GATEWAYS_MOVED: "while the gateways moved",
    Phase.TAGS_MOVED: "while the tags moved",
    Phase.CONTROL_PLANE_SAFE: "while the control plane was made safe",
    Phase.CONTROL_PLANE_REPLACED: "while the control plane was replaced",
    Phase.CONTROL_PLANE_PROVEN: "while the control plane was proven",
    Phase.CONTROL_PLANE_RESTORED: "while the control plane got its size back",
    Phase.TARGET_READY: "while the target got its Istio",
    Phase.COMPARED: "while the clusters were compared",
    Phase.TRIED: "while the target was tried",
    Phase.DIRECTOR_PREPARED: "while the director was prepared",
    Phase.WEIGHT_SHIFTED: "in a step",
    Phase.DRAINED: "while the source was drained",
    Phase.DIRECTOR_RESTORED: "while the director got its settings back",
    Phase.VERIFIED: "while the mesh was verified",
    Phase.ROLLING_BACK: "on the way back",
    Phase.ROLLED_BACK: "on the way back",
}


def reached(phase: str, wave: int | None) -> str:
    """What a phase means once it is reached; a phase of a newer release by its own name."""
    if phase == Phase.WAVE_MOVED and wave:
        return f"Wave {wave} moved"
    if phase == Phase.WEIGHT_SHIFTED and wave:
        return f"Step {wave} held"
    return REACHED.get(phase, _plain(phase))


def work(phase: str, wave: int | None) -> str:
    """The work that ends with a phase."""
    if phase == Phase.WAVE_MOVED and wave:
        return f"Wave {wave}"
    if phase == Phase.WEIGHT_SHIFTED and wave:
        return f"Step {wave}"
    return WORK.get(phase, _plain(phase))


def where(phase: str | None, wave: int | None) -> str:
    """In which part of an upgrade something went wrong; empty where that is not known."""
    if wave:
        return f"in step {wave}" if phase == Phase.WEIGHT_SHIFTED else f"in wave {wave}"
    if phase is None:
        return ""
    known = ROLE_PHASES.get(phase, phase)
    return _IN_WORK.get(known, f"in {_plain(phase).lower()}")


def _plain(phase: str) -> str:
    return phase.replace("_", " ").capitalize()


def duration(seconds: float) -> str:
    """As people say it, with two units at most."""
    if 0 < seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    for unit, name, part, part_name in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= unit:
            rest = whole % unit // part
            return f"{whole // unit} {name}" + (f" {rest} {part_name}" if rest else "")
    return f"{whole} s"


def number(value: float) -> str:
    """With a comma at each thousand; three figures where it is no whole number."""
    if value == int(value) or abs(value) >= 1000:
        return f"{round(value):,}"
    return f"{value:.3g}"


def count(value: int, one: str, many: str | None = None) -> str:
    """A number and what it counts."""
    return f"{value:,} {one if value == 1 else many or f'{one}s'}"


def clock(moment: datetime) -> str:
    """The time of the day, in UTC like all others."""
    return f"{moment:%H:%M:%S}"


def stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def iso(moment: datetime) -> str:
    """For machines."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def names(texts: tuple[str, ...] | list[str], most: int = 5) -> str:
    """A list that ends where it would bore."""
    more = f" and {len(texts) - most:,} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def first_sentence(text: str, most: int = 160) -> str:
    """The beginning of an error, for a headline; the whole of it stands below."""
    line = " ".join(text.split())
    end = line.find(". ")
    short = line[:end] if end > 0 else line
    return short.rstrip(".") if len(short) <= most else f"{short[: most - 1].rstrip()}…"
