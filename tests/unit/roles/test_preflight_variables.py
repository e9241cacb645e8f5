# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every variable of the role preflight is refused when it is bad, before a cluster is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).resolve()
ROLE = HERE.parents[3] / "roles/preflight"
OPTIONS: dict[str, dict[str, Any]] = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())[
    "argument_specs"
]["main"]["options"]


def bad(name: str, option: Mapping[str, Any]) -> tuple[Any, str]:
    """A value that the option cannot have, and what its refusal has to say."""
    match option["type"]:
        case "int" | "bool" | "dict":
            return "many", f"argument '{name}' is of type str and we were unable to convert to"
        case "str" if "choices" in option:
            return "many", f"value of {name} must be one of"
        case "list":
            return "many", f"{name}: got many, which is a text; right is a list."
        case _:
            return ["many"], f"{name}: got ['many']; right is a text."


ATTEMPTS: list[tuple[str, Any, str]] = [
    *((name, *bad(name, option)) for name, option in OPTIONS.items()),
    ("preflight_wait_timeout", 0, "preflight_wait_timeout: got 0; right is a number from 1."),
    ("preflight_namespace", "shop", "This role has no variable preflight_namespace."),
    ("preflight_version", "1.31", "version: got '1.31'; right is a whole version"),
    ("preflight_revision", "1.31", "revision: got '1.31'; right is a name"),
    ("preflight_allow", ["everything"], "value of allow must be one or more of"),
    ("preflight_rules", {"new": {}}, "rules: got dict as 'new'; right are read"),
]


def task(name: str, value: Any) -> dict[str, Any]:
    """Includes the role, and goes on to the next attempt when it has failed."""
    variables = {"preflight_version": "1.31.0", name: value}
    failures = "{{ failures + [ansible_failed_result | default({}) | to_json] }}"
    return {
        "block": [
            {
                "ansible.builtin.include_role": {"name": "meshwright.istio.preflight"},
                "vars": variables,
            },
            {"ansible.builtin.fail": {"msg": "Nothing was refused."}},
        ],
        "rescue": [{"ansible.builtin.set_fact": {"failures": failures}}],
    }


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """How each attempt has failed; one run of ansible-playbook makes them all."""
    folder = tmp_path_factory.mktemp("variables")
    found = folder / "failures.json"
    kubeconfig = folder / "kubeconfig"
    # A cluster that nobody answers for: options are judged before it is asked.
    kubeconfig.write_text(yaml.safe_dump(_nowhere()), encoding="utf-8")
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [
            {"ansible.builtin.set_fact": {"failures": []}},
            *(task(name, value) for name, value, _says in ATTEMPTS),
            {
                "ansible.builtin.copy": {
                    "dest": str(found),
                    "content": "{{ failures }}",
                    "mode": "0600",
                }
            },
        ],
    }
    playbook = folder / "playbook.yml"
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    env = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.playbook", playbook],
        cwd=folder,
        env={
            **env,
            "ANSIBLE_COLLECTIONS_PATH": _collections(),
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


def _nowhere() -> dict[str, Any]:
    cluster = {"server": "https://127.0.0.1:1", "insecure-skip-tls-verify": True}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "none", "cluster": cluster}],
        "users": [{"name": "none", "user": {"token": "none"}}],
        "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
        "current-context": "none",
    }


def _collections() -> str:
    """The folder that this checkout lies in as a collection, or that has a link to it."""
    for parent in HERE.parents:
        if parent.name == "ansible_collections":
            return str(parent.parent)
    return str(HERE.parents[3] / ".collections")


def test_every_bad_value_is_refused_by_name(failures: list[str]) -> None:
    """One test of all: ansible-test runs each in a process of its own, playbook and all."""
    told = [json.loads(failure).get("msg", "") for failure in failures]
    lacking = [
        f"{name}: {says} is not in: {text}"
        for (name, _value, says), text in zip(ATTEMPTS, told, strict=True)
        if says not in text
    ]
    assert lacking == []
