# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every variable of the roles is refused when bad, before a cluster is asked.

The names come from the specs of the roles' entry points, so a new variable is tested too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshwright.istio.tests.unit.support import api_server
from ansible_collections.meshwright.istio.tests.unit.support.collections_path import (
    collections_path,
)

HERE = Path(__file__).resolve()
ROLES = HERE.parents[3] / "roles"
SPECS = {
    role: yaml.safe_load((ROLES / role / "meta/argument_specs.yml").read_text())["argument_specs"]
    for role in ("preflight", "canary", "in_place", "switchover")
}
_SWITCHOVER = {
    "switchover_source": "oslo",
    "switchover_target": "bergen",
    "switchover_director": "custom",
    "switchover_director_tasks": "director.yml",
}
GOOD: dict[tuple[str, str], dict[str, Any]] = {
    ("preflight", "main"): {"preflight_version": "1.31.0"},
    ("canary", "main"): {"canary_version": "1.31.0"},
    ("canary", "retire"): {"canary_old_revision": "1-30"},
    ("in_place", "main"): {
        "in_place_version": "1.31.0",
        "in_place_istioctl_directory": "/opt/istio",
    },
    ("switchover", "main"): {**_SWITCHOVER, "switchover_trial_probes": [{"name": "shop"}]},
    ("switchover", "roll_back"): _SWITCHOVER,
}
HOOKS = {
    role: [
        name
        for name in SPECS[role]["main"]["options"]
        if name.startswith((f"{role}_before_", f"{role}_after_"))
    ]
    for role in ("canary", "in_place", "switchover")
}
MAY_BE_NOTHING = (
    "_drain_hold",
    "_drain_quiet",
    "_drain_sessions",
    "_gate_failure_limit",
    "_soak",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One run of an entry point with bad variables, and what its failure has to say of each."""

    role: str
    entry: str
    variables: Mapping[str, Any]
    says: Mapping[str, str]


def _of_wrong_types(role: str, entry: str, options: Mapping[str, Any]) -> Iterator[Attempt]:
    """What Ansible finds, and what it lets pass: it tells of all that it finds at once."""
    theirs: dict[str, Any] = {}
    ours: dict[str, Any] = {}
    says: dict[str, str] = {}
    for name, option in options.items():
        match option["type"]:
            case "int" | "bool" | "dict" | "float" as kind:
                theirs[name] = "many"
                says[name] = f"argument '{name}' is of type str and we were unable to convert to"
                assert kind
            case "str" if "choices" in option:
                theirs[name] = "many"
                says[name] = f"value of {name} must be one of"
            case "list" if option["elements"] in ("dict", "int") or "choices" in option:
                theirs[name] = "many"
                says[name] = name
            case "list":
                ours[name] = "many"
                says[name] = f"{name}: got many, which is a text; right is a list."
            case _:
                ours[name] = ["many"]
                says[name] = f"{name}: got ['many']; right is a text."
    for variables in (theirs, ours):
        yield Attempt(
            role=role,
            entry=entry,
            variables=variables,
            says={name: says[name] for name in variables},
        )


def _too_small(role: str, entry: str, options: Mapping[str, Any]) -> Iterator[Attempt]:
    numbers = [name for name, option in options.items() if option["type"] == "int"]
    # None of the preflight may be nothing, so it says the same of both.
    whole = "a number from 1." if role == "preflight" else "a number."
    for value, right in ((-1, whole), (0, "a number from 1.")):
        names = [name for name in numbers if value or not name.endswith(MAY_BE_NOTHING)]
        yield Attempt(
            role=role,
            entry=entry,
            variables=dict.fromkeys(names, value),
            says={name: f"{name}: got {value}; right is {right}" for name in names},
        )


def _attempts() -> Iterator[Attempt]:
    for role, entry, options in _entry_points():
        yield from _of_wrong_types(role, entry, options)
        yield from _too_small(role, entry, options)
        name = f"{role}_misspelt"
        says = {name: f"This role has no variable {name}."}
        yield Attempt(role=role, entry=entry, variables={name: 1}, says=says)
    special = {"preflight": _wrong_questions, "switchover": _wrong_ways}
    for role in SPECS:
        for hook in HOOKS.get(role, ()):
            says = {hook: f"{hook}: got gone.yml; right is a file of tasks, of which a relative"}
            yield Attempt(role=role, entry="main", variables={hook: ["gone.yml"]}, says=says)
        for name, value, words in _of_measuring(role) if role in HOOKS else ():
            yield Attempt(role=role, entry="main", variables={name: value}, says={name: words})
        wrong = special.get(role, _contradictions)
        for name, value, words in wrong(role):
            yield Attempt(role=role, entry="main", variables={name: value}, says={name: words})


def _entry_points() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for role, specs in SPECS.items():
        yield from ((role, entry, spec["options"]) for entry, spec in specs.items())


def _of_measuring(role: str) -> Iterator[tuple[str, Any, str]]:
    """What would fail when a wave has moved, or when all is done."""
    samples = {"switchover": 31}.get(role, 7)
    limit = f"got {samples}, and there are only {samples} samples"
    yield f"{role}_gate_failure_limit", samples, f"{limit} in {role}_soak, so all could be bad"
    right = "right is url or service, with requests_query"
    for given in ({"url": "http://there"}, '{"url": "http://there"}', "url=http://there"):
        named = "got url" if "=" not in given else "got a text"
        yield f"{role}_report_prometheus", given, f"{role}_report_prometheus: {named}; {right}"


def _contradictions(role: str) -> Iterator[tuple[str, Any, str]]:
    """What no type forbids."""
    hold = f"{role}_drain_hold (50) has to be at most {role}_drain_timeout"
    yield f"{role}_version", "1.31", "got 1.31; right is a whole version"
    # YAML takes 1.30 for a number.
    yield f"{role}_version", 1.30, "got 1.3; right is a whole version"
    yield f"{role}_version", "latest", "got latest; right is a whole version"
    yield f"{role}_waves", [{"nonsense": 1}], f"{role}_waves.nonsense. Supported parameters"
    yield f"{role}_drain_hold", 50, hold
    lease = f"{role}_soak (7200), which has to be less than {role}_lease_seconds (3600)"
    yield f"{role}_soak", 7200, lease
    yield f"{role}_gate_queries", [{"name": "errors"}], f"{role}_gate_prometheus: got nothing"
    if role == "canary":
        yield "canary_revision", "Not_A_Label", "got Not_A_Label; right are lower-case letters"
    else:
        both = "right is either a folder with the istioctl of every version, or both paths"
        yield "in_place_istioctl_directory", "", both
        yield "in_place_istioctl_path", "/opt/istio/istioctl-1.31.0", both


def _wrong_questions(role: str) -> Iterator[tuple[str, Any, str]]:
    """What no type forbids, of the preflight; its module refuses that."""
    yield f"{role}_version", "1.31", "version: got '1.31'; right is a whole version"
    yield f"{role}_revision", "1.31", "revision: got '1.31'; right is a name"
    yield f"{role}_allow", ["everything"], "value of allow must be one or more of"
    yield f"{role}_rules", {"new": {}}, "rules: got dict as 'new'; right are read"


def _wrong_ways(role: str) -> Iterator[tuple[str, Any, str]]:
    """What no type forbids, of a switchover."""
    whole = "right are whole numbers from 1 to 100 that rise and end with 100."
    for steps in ([], [0, 100], [50, 20, 100], [50, 50, 100], [10, 50], [50, 101]):
        yield f"{role}_steps", steps, f"switchover_steps: got {steps}; {whole}"
    yield f"{role}_version", "1.31", "got 1.31; right is a whole version"
    yield f"{role}_target", "oslo", "got oslo, which has the kubeconfig and context of the source"
    yield f"{role}_target", "paris", "got paris; right are hosts of the inventory"
    yield f"{role}_trial_probes", [], "got none; right is at least one request to bergen past"
    yield f"{role}_director", "dns", "switchover_dns: got nothing with switchover_director dns"
    yield f"{role}_director", "nginx", "value of switchover_director must be one of"
    yield f"{role}_dns", {"zone": "x."}, "missing required arguments: record, servers"
    yield f"{role}_drain_rate", -1, "switchover_drain_rate: got -1; right is a number."
    yield f"{role}_gate_interval", 50, "switchover_gate_interval (50) has to be at most"
    lease = "have to be less than switchover_lease_seconds (3600)"
    yield f"{role}_soak", 3600, lease
    yield f"{role}_drain_timeout", 3600, lease
    queries = {"queries": [{"name": "errors"}]}
    yield f"{role}_source_gate", queries, "switchover_target_gate: got nothing beside queries"


ATTEMPTS = list(_attempts())


def _task(attempt: Attempt) -> dict[str, Any]:
    """Includes the entry point, and goes on to the next when it has failed."""
    role = {"name": f"meshwright.istio.{attempt.role}", "tasks_from": attempt.entry}
    variables = {**GOOD.get((attempt.role, attempt.entry), {}), **attempt.variables}
    failures = "{{ failures + [ansible_failed_result | default({}) | to_json] }}"
    return {
        "block": [
            {"ansible.builtin.include_role": role, "vars": variables},
            {"ansible.builtin.fail": {"msg": "Nothing was refused."}},
        ],
        "rescue": [{"ansible.builtin.set_fact": {"failures": failures}}],
    }


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """How each attempt has failed; one run of ansible-playbook makes them all."""
    folder = tmp_path_factory.mktemp("variables")
    found = folder / "failures.json"
    keep = {"dest": str(found), "content": "{{ failures }}", "mode": "0600"}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [
            {"ansible.builtin.set_fact": {"failures": []}},
            *map(_task, ATTEMPTS),
            {"ansible.builtin.copy": keep},
        ],
    }
    playbook = folder / "playbook.yml"
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    # A cluster that nobody answers for: whoever gets that far fails with other words.
    kubeconfig = api_server.kubeconfig(folder / "kubeconfig", "http://127.0.0.1:1")
    inventory = folder / "inventory.yml"
    clusters = {name: {"context": name} for name in ("oslo", "bergen")}
    inventory.write_text(yaml.safe_dump({"all": {"hosts": clusters}}), encoding="utf-8")
    env = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.playbook", "-i", inventory, playbook],
        cwd=folder,
        env={
            **env,
            "ANSIBLE_COLLECTIONS_PATH": collections_path(),
            "K8S_AUTH_KUBECONFIG": str(kubeconfig),
            "LC_ALL": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    texts: list[str] = json.loads(found.read_text())
    assert len(texts) == len(ATTEMPTS)
    return texts


def test_every_bad_value_is_refused_by_name(failures: list[str]) -> None:
    """One test of all: ansible-test runs each in a process of its own, playbook and all."""
    told = [json.loads(failure).get("msg", "") for failure in failures]
    lacking = [
        f"{attempt.entry}: {words} is not in: {text}"
        for attempt, text in zip(ATTEMPTS, told, strict=True)
        for words in attempt.says.values()
        if words not in text
    ]
    assert lacking == []
