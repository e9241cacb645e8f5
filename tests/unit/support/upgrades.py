# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Journals of upgrades as they are in real clusters: gone well, taken back, cut off, very large.

All of it is made of one seed, so the same call gives the same journal.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

BEGIN = datetime(2026, 6, 9, 13, 58, 7, tzinfo=UTC)
SOURCE, TARGET = "1-28", "1-29"
OLD, NEW = "1.28.3", "1.29.1"
WAVES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("first", ("staging",)),
    ("10 %", ("catalog",)),
    ("50 %", ("checkout", "search", "mail")),
    ("the rest", ("accounts", "billing", "stock", "web")),
)
_NOTHING_OPEN = 0.6


def iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@dataclass
class Story:
    """An upgrade that is being told; `now` moves on as things happen."""

    waves: Sequence[tuple[str, tuple[str, ...]]] = WAVES
    workloads_each: int = 3
    now: datetime = BEGIN
    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311
    history: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    moved: int = 0

    def __post_init__(self) -> None:
        self.facts = {
            "version": NEW,
            "sources": [{"revision": SOURCE, "version": OLD}],
            "waves": [{"name": name, "namespaces": list(spaces)} for name, spaces in self.waves],
            "namespaces": {
                space: {"revision": None, "injection": "enabled", "source": SOURCE}
                if number % 2
                else {"revision": "prod", "injection": None, "source": SOURCE}
                for number, (_name, spaces) in enumerate(self.waves)
                for space in spaces
            },
            "gateways": [{"reference": "ingress/Deployment/ingressgateway", "revision": SOURCE}],
            "tags": {"default": SOURCE, "prod": SOURCE},
            "proxies_before": {OLD: self.pods},
            "findings": [],
        }
        self.say("opened", "The upgrade was opened.")

    @property
    def pods(self) -> int:
        """Two of each workload, and two gateways."""
        return 2 * self.workloads_each * sum(len(spaces) for _name, spaces in self.waves) + 2

    def pass_time(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now

    def say(self, phase: str, note: str = "", wave: int | None = None, run: str = "job-41") -> None:
        entry = {"time": iso(self.now), "phase": phase, "wave": wave, "run_id": run, "note": note}
        self.history.append(entry)

    def install(self) -> Story:
        self.pass_time(34)
        self.say("revision_installed")
        self.pass_time(4)
        self.say("revision_proven")
        return self

    def drain(self, pod: str, begin: datetime) -> dict[str, Any]:
        """A pod's way out, which begins then."""
        seconds = [self.chance.uniform(*part) for part in ((3, 6), (0.8, 2.5))]
        open_at_out = self.chance.randrange(1, 14) if self.chance.random() > _NOTHING_OPEN else 0
        ending = self.chance.uniform(1, 9) if open_at_out else 0.2
        moments = [begin]
        for each in (*seconds, ending):
            moments.append(moments[-1] + timedelta(seconds=each))
        return {
            "pod": pod,
            "revision": SOURCE,
            "released": iso(moments[0]),
            "out": iso(moments[1]),
            "acknowledged": iso(moments[2]),
            "ended": iso(moments[3]),
            "proxies": self.pods,
            "open_at_out": open_at_out,
            "open_at_end": 0,
            "seconds": round(seconds[1] + ending, 1),
        }

    def workload(self, namespace: str, name: str, kind: str = "Deployment") -> dict[str, Any]:
        begin = self.now + timedelta(seconds=self.chance.uniform(0, 12))
        pods = [f"{name}-{self.chance.getrandbits(36):09x}-{letter}7xk2" for letter in "bq"]
        return {
            "namespace": namespace,
            "kind": kind,
            "name": name,
            "action": "restarted",
            "reason": f"2 of 2 pods are not right: 2 on {SOURCE} ({OLD})",
            "seconds": round(self.chance.uniform(9, 31), 1),
            "drained": [self.drain(pod, begin) for pod in pods],
        }

    def gate(self, *, fails: bool = False) -> dict[str, Any]:
        """Looks every five seconds for thirty; one that fails ends at the third bad one."""
        samples: list[dict[str, Any]] = []
        for number in range(7):
            moment = iso(self.pass_time(5))
            errors = 0.0002 + self.chance.random() * 0.0003
            if fails and number > 1:
                errors = 0.012 * number
            ok = errors < 0.004
            text = f"{errors:.4f}" if ok else f"{errors:.4f}, more than 0.004"
            samples += [
                {"time": moment, "check": "errors", "value": errors, "ok": ok, "text": text},
                {
                    "time": moment,
                    "check": "shop answers",
                    "value": 200.0,
                    "ok": True,
                    "text": f"200 in 0.0{self.chance.randrange(10, 40)} s",
                },
            ]
            if not ok and number == 4:
                break
        return {
            "verdict": "failed" if fails else "passed",
            "check": "errors" if fails else None,
            "reason": "0.0480, more than 0.004" if fails else None,
            "checks": [
                {
                    "name": "errors",
                    "kind": "query",
                    "object": "sum(...)",
                    "min": None,
                    "max": 0.004,
                    "samples": len(samples) // 2,
                    "bad": 3 if fails else 0,
                },
                {
                    "name": "shop answers",
                    "kind": "probe",
                    "object": "https://shop.example.org/",
                    "min": None,
                    "max": None,
                    "samples": len(samples) // 2,
                    "bad": 0,
                },
            ],
            "samples": samples,
        }

    def wave(self, number: int, *, fails: bool = False) -> Story:
        """Labels, restarts, a gate, and what the proxies are then."""
        name, spaces = self.waves[number - 1]
        begin = self.now
        workloads = [
            self.workload(space, f"{space}-{part}", "StatefulSet" if part == "db" else "Deployment")
            for space in spaces
            for part in ("api", "db", *(f"part-{i}" for i in range(self.workloads_each - 2)))
        ]
        self.pass_time(18 + 4 * len(workloads))
        self.moved += 2 * len(workloads)
        proxies = {OLD: self.pods - self.moved, NEW: self.moved}
        self.facts[f"wave_{number}"] = {
            "name": name,
            "namespaces": list(spaces),
            "started": iso(begin),
            "workloads": workloads,
            "gate": self.gate(fails=fails),
            "ended": None if fails else iso(self.now),
            "proxies": {version: count for version, count in proxies.items() if count},
        }
        if not fails:
            self.say("wave_moved", wave=number)
        return self

    def finish(self) -> Story:
        gateway = self.facts["gateways"][0]
        gateway["action"] = "moved"
        gateway["drained"] = [self.drain("ingressgateway-6c9f7d5b8-zk4mv", self.now)]
        self.pass_time(19)
        self.say("gateways_moved")
        self.pass_time(3)
        self.say("tags_moved")
        self.pass_time(6)
        self.say("verified")
        self.facts["proxies_after"] = {NEW: self.pods}
        self.pass_time(1)
        self.say("done")
        return self

    def load(self, *, failing_from: datetime | None = None) -> Story:
        """What a client counted each second, until now."""
        series = list(self._counts(failing_from))
        total = {key: sum(each[key] for each in series) for key in ("sent", "failed")}
        self.facts["load"] = {"series": series, "total": total, "source": "the load client"}
        return self

    def _counts(self, failing_from: datetime | None) -> Iterator[dict[str, Any]]:
        for second in range(int((self.now - BEGIN).total_seconds())):
            moment = BEGIN + timedelta(seconds=second + 1)
            sent = round(182 + self.chance.gauss(0, 9))
            bad = failing_from is not None and 0 <= (moment - failing_from).total_seconds() < 14
            failed = self.chance.randrange(0, 9) if bad else 0
            yield {"time": iso(moment), "sent": sent, "failed": failed}

    def journal(self, **changes: Any) -> dict[str, Any]:
        last = self.history[-1]
        over = last["phase"] in ("done", "rolled_back")
        steps = [entry for entry in self.history if entry["phase"] not in ("rolling_back",)]
        reached = next(e for e in reversed(steps) if e["phase"] != "rolled_back")
        return {
            "path": "canary",
            "source": SOURCE,
            "target": TARGET,
            "phase": last["phase"],
            "wave": last["wave"],
            "reached": {"phase": reached["phase"], "wave": reached["wave"]},
            "opened": iso(BEGIN),
            "closed": last["time"] if over else None,
            "facts": self.facts,
            "history": self.history,
            "history_dropped": 0,
            "earlier": [],
            **changes,
        }


def gone_well() -> dict[str, Any]:
    """Four waves and a gateway; nothing was lost."""
    story = Story().install()
    for number in range(1, len(WAVES) + 1):
        story.wave(number)
    story.facts["findings"] = [
        {
            "code": "both_labels",
            "severity": "warn",
            "title": "A namespace has istio-injection and istio.io/rev",
            "objects": ["Namespace mail"],
            "consequence": "istio-injection decides, and the other label means nothing.",
            "remedy": "Remove the one that you do not mean.",
            "override": None,
            "overridden": False,
        }
    ]
    return story.finish().load().journal()


def taken_back() -> dict[str, Any]:
    """The gate of the second wave does not hold, and all of it goes back."""
    story = Story().install().wave(1)
    failing = story.now + timedelta(seconds=38)
    story.wave(2, fails=True)
    story.facts["failure"] = {
        "message": "errors on sum(rate(istio_requests_total[1m])): 0.0480, more than 0.004. The"
        " new version answers worse than allowed. Everything goes back; look at the pods of"
        " catalog, mend the cause and upgrade again.",
        "phase": "waves",
        "wave": 2,
        "time": iso(story.now),
    }
    story.pass_time(1)
    story.say("rolling_back")
    story.pass_time(41)
    story.facts["proxies_back"] = {OLD: story.pods}
    story.facts["rolled_back"] = True
    story.say("rolled_back")
    return story.load(failing_from=failing).journal()


def cut_off() -> dict[str, Any]:
    """Killed in the middle of the second wave: no end, no error, nothing measured."""
    story = Story().install().wave(1)
    story.facts["wave_2"] = {"name": "10 %", "namespaces": ["catalog"], "started": iso(story.now)}
    del story.facts["findings"], story.facts["proxies_before"]
    return story.journal()


def not_begun() -> dict[str, Any]:
    """What the role gives when the preflight forbids the upgrade: there is no journal."""
    return {
        "source": SOURCE,
        "target": TARGET,
        "version": NEW,
        "findings": [
            {
                "code": "control_plane_room",
                "severity": "block",
                "title": "No node has room for the second control plane",
                "objects": ["Node worker-1", "Node worker-2"],
                "consequence": "The new istiod would stay pending.",
                "remedy": "Add a node, or lower the requests of istiod.",
                "override": "control_plane_room",
                "overridden": False,
            }
        ],
        "failure": {
            "message": "The upgrade was not begun: BLOCK  control_plane_room: No node has room.",
            "phase": "preflight",
            "time": iso(BEGIN),
        },
    }


def approved_overnight() -> dict[str, Any]:
    """Stopped after the first wave for a person, and gone on with in the morning."""
    story = Story().install().wave(1)
    story.say("wave_moved", "Stopped after waves, as canary_stop_after asks for.", wave=1)
    story.pass_time(15 * 3600 + 240)
    story.say("wave_moved", "Another run goes on.", wave=1, run="job-42")
    for number in range(2, len(WAVES) + 1):
        story.wave(number)
    return story.finish().journal()


def large() -> dict[str, Any]:
    """200 workloads in 40 namespaces."""
    spaces = [f"team-{number:02}" for number in range(40)]
    waves = [
        ("first", tuple(spaces[:1])),
        ("10 %", tuple(spaces[1:4])),
        ("50 %", tuple(spaces[4:20])),
        ("the rest", tuple(spaces[20:])),
    ]
    story = Story(waves=waves, workloads_each=5).install()
    for number in range(1, 5):
        story.wave(number)
    slow = story.facts["wave_4"]["workloads"][17]["drained"][1]
    left = datetime.fromisoformat(slow["out"])
    slow.update(open_at_out=6, open_at_end=2, ended=iso(left + timedelta(seconds=45)), seconds=45.0)
    return story.finish().load().journal()


def hostile() -> dict[str, Any]:
    """Texts that would be markup, colours of a terminal, and values of the wrong kind."""
    story = Story().install().wave(1)
    evil = "<script>document.title='owned'</script><img src=x onerror=alert(1)>"
    first = story.facts["wave_1"]["workloads"][0]
    first["name"] = f"web{evil}"
    first["drained"][0]["pod"] = f"web-1{evil}\"' onmouseover='alert(2)"
    first["drained"][0]["out"] = "yesterday"
    first["seconds"] = {"of": "no use"}
    story.facts["findings"] = [{"code": evil, "title": "</style></script>", "objects": [evil]}]
    story.facts["failure"] = {
        "message": f"\x1b[31mfatal\x1b[0m: {evil} \u202edlrow\u202c ]]> <!-- \x00",
        "phase": f"waves{evil}",
        "wave": "two",
        "time": iso(story.now),
    }
    story.facts["tags"] = {"default": SOURCE, f"prod{evil}": "x"}
    story.facts["load"] = {"series": [{"time": "x", "sent": "many"}], "source": evil}
    return story.journal(source=f"1-28{evil}")
