# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import pytest
import yaml
from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.module_utils import basic
from ansible_collections.meshwright.istio.plugins.plugin_utils._module_action import (
    SWITCH,
    ModuleAction,
    load_module,
)
from ansible_collections.meshwright.istio.plugins.plugin_utils._waiting import WaitingAction
from ansible_collections.meshwright.istio.tests.unit.support import api_server
from ansible_collections.meshwright.istio.tests.unit.support.collections_path import (
    collections_path,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

HERE_SAID = "in the process of its task"
MOVE = {"namespaces": ["shop"], "injection": "disabled", "kubeconfig": "here/kubeconfig"}
# Of each: what succeeds, what changes, what is refused by the module and what by its options.
TASKS: dict[str, dict[str, Any]] = {
    "diff and check mode": {"args": MOVE, "check_mode": True, "diff": True},
    "changed": {"args": MOVE},
    "nothing to do": {"args": MOVE},
    "each of two": {
        "args": {**MOVE, "namespaces": ["{{ item }}"]},
        "loop": ["shop", "other"],
    },
    "refused by the module": {"args": {**MOVE, "namespaces": ["nowhere"]}},
    "an option too many": {"args": {**MOVE, "namepsaces": ["shop"]}},
    "a secret": {"args": {**MOVE, "api_key": "hunter2", "namespaces": ["hunter2"]}},
}


def play(
    folder: Path, *options: str, tasks: Mapping[str, dict[str, Any]] = TASKS
) -> tuple[dict[str, Any], str]:
    """What the tasks have registered, and what was shown, of a run from another folder."""
    names = {name: f"result_{number}" for number, name in enumerate(tasks)}
    content = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            *(
                {
                    "name": name,
                    "meshwright.istio.namespace_revision_label": task["args"],
                    **{key: value for key, value in task.items() if key != "args"},
                    "register": names[name],
                    "ignore_errors": True,
                }
                for name, task in tasks.items()
            ),
            {
                "ansible.builtin.copy": {
                    "dest": str(folder / "results.json"),
                    "content": f"{{{{ [{', '.join(names.values())}] | to_json }}}}",
                    "mode": "0600",
                }
            },
        ],
    }
    (folder / "playbook.yml").write_text(yaml.safe_dump([content]), encoding="utf-8")
    foreign = ("ANSIBLE_", "K8S_AUTH_", "KUBECONFIG")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.playbook", "-vvv", *options, folder / "playbook.yml"],
        cwd=folder.parent,
        env={
            **own,
            "ANSIBLE_COLLECTIONS_PATH": collections_path(),
            "ANSIBLE_LOCAL_TEMP": str(folder / "temporary"),
            "ANSIBLE_REMOTE_TEMP": str(folder / "temporary"),
            "ANSIBLE_ASYNC_DIR": str(folder / "background"),
            "LC_ALL": "C.UTF-8",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    results = json.loads((folder / "results.json").read_text())
    return dict(zip(names, results, strict=True)), done.stdout


def cluster() -> FakeApi:
    return FakeApi(
        *(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {}}}
            for name in ("shop", "other")
        )
    )


def test_a_module_does_and_says_the_same_in_either_process(tmp_path: Path) -> None:
    results, shown, clusters = {}, {}, {}
    for way in ("true", "false"):
        folder = tmp_path / way
        (folder / "here").mkdir(parents=True)
        clusters[way] = cluster()
        with api_server.serving(clusters[way]) as address:
            api_server.kubeconfig(folder / "here/kubeconfig", address)
            results[way], shown[way] = play(folder, "-e", f"{SWITCH}={way}")
        assert list((folder / "temporary").glob("*")) == []
    assert HERE_SAID in shown["true"]
    assert HERE_SAID not in shown["false"]
    assert results["true"] == results["false"]
    assert clusters["true"].objects == clusters["false"].objects
    assert "hunter2" not in shown["true"]
    told = results["true"]
    changes = [bool(told[name]["changed"]) for name in TASKS]
    assert changes == [True, True, False, True, False, False, False]
    assert told["diff and check mode"]["diff"]
    assert [each["changed"] for each in told["each of two"]["results"]] == [False, True]
    assert "nowhere" in told["refused by the module"]["msg"]
    assert "namepsaces" in told["an option too many"]["msg"]


def test_a_module_can_go_on_in_the_background(tmp_path: Path) -> None:
    folder, api = tmp_path / "async", cluster()
    (folder / "here").mkdir(parents=True)
    with api_server.serving(api) as address:
        api_server.kubeconfig(folder / "here/kubeconfig", address)
        args = {**MOVE, "kubeconfig": str(folder / "here/kubeconfig")}
        results, shown = play(folder, tasks={"later": {"args": args, "async": 120, "poll": 1}})
    assert results["later"]["changed"] is True, shown
    assert results["later"]["ansible_job_id"]
    assert HERE_SAID not in shown


class _Action(ModuleAction):
    """One of a module that stands for any."""

    module = mock.Mock(spec=ModuleType)


def decide(
    variables: Mapping[str, Any] | None = None,
    *,
    transport: str = "local",
    become: object = None,
    kind: type[ModuleAction] = _Action,
    **task: Any,
) -> str:
    """In which process such a task runs its module: here, or another."""
    settings = {"async_val": 0, "environment": [{}], "delegate_to": None, "args": {}, **task}
    templar = mock.Mock(template=lambda value: {"{{ this }}": sys.executable}.get(value, value))
    connection = mock.Mock(transport=transport, become=become)
    action = kind(mock.Mock(**settings), connection, mock.Mock(), mock.Mock(), templar, mock.Mock())
    own = {"ansible_python_interpreter": sys.executable, **(variables or {})}
    with (
        mock.patch.object(kind, "run_here", return_value="here"),
        mock.patch.object(kind, "run_elsewhere", return_value="another"),
    ):
        return str(action.run_module({}, own))


@pytest.mark.parametrize(
    "task",
    [
        pytest.param({}, id="the controller's Python"),
        pytest.param(
            {"variables": {"ansible_python_interpreter": "{{ this }}"}}, id="as an expression"
        ),
        pytest.param({"variables": {SWITCH: "yes"}}, id="asked for"),
        pytest.param(
            {
                "delegate_to": "oslo",
                "variables": {
                    "ansible_python_interpreter": "/usr/bin/python3",
                    "ansible_delegated_vars": {
                        "oslo": {"ansible_python_interpreter": sys.executable}
                    },
                },
            },
            id="the delegate's Python",
        ),
    ],
)
def test_a_module_of_this_machine_and_python_runs_here(task: dict[str, Any]) -> None:
    assert decide(**task) == "here"


@pytest.mark.parametrize(
    "task",
    [
        pytest.param({"transport": "ssh"}, id="another machine"),
        pytest.param({"become": mock.Mock()}, id="another user"),
        pytest.param({"async_val": 60}, id="async"),
        pytest.param({"environment": [{"HTTPS_PROXY": "proxy"}]}, id="another environment"),
        pytest.param(
            {"variables": {"ansible_python_interpreter": "/usr/bin/python3"}}, id="another Python"
        ),
        pytest.param({"variables": {"ansible_python_interpreter": "auto"}}, id="to be discovered"),
        pytest.param({"delegate_to": "oslo"}, id="a delegate of which nothing is known"),
        pytest.param({"variables": {SWITCH: "no"}}, id="switched off"),
        pytest.param(
            {"kind": type("Lacking", (ModuleAction,), {"module": None})}, id="an import failed"
        ),
    ],
)
def test_every_other_module_runs_as_ansible_runs_it(task: dict[str, Any]) -> None:
    assert decide(**task) == "another"


def test_a_person_who_wants_to_keep_what_was_sent_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DEFAULT_KEEP_REMOTE_FILES", True)
    assert decide() == "another"


def test_what_a_module_says_is_shown_while_it_runs_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line is there before the module ends: it waits for that, at most a minute."""
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    shown: list[str] = []
    display = mock.Mock(display=shown.append)
    monkeypatch.setattr(f"{WaitingAction.__module__}.Display", lambda: display)
    seen: list[bool] = []

    def main() -> None:
        module = basic.AnsibleModule({})
        (Path(module.tmpdir) / "meshwright_progress").write_text("1 of 2\n", encoding="utf-8")
        end = time.monotonic() + 60
        while not shown and time.monotonic() < end:
            time.sleep(0.05)
        seen.append(bool(shown))
        module.exit_json(changed=True)

    class Action(WaitingAction):
        module = mock.Mock(spec=ModuleType, main=main)

    assert run(Action, {"inventory_hostname": "oslo"})["changed"] is True
    assert seen == [True]
    assert shown[0].startswith("  [oslo] ")
    assert shown[0].endswith("1 of 2")
    assert list(tmp_path.iterdir()) == []


def run(kind: type[ModuleAction], variables: Mapping[str, Any] | None = None) -> Any:
    """Run the action's module here."""
    task = mock.Mock(
        args={},
        async_val=0,
        environment=[],
        delegate_to=None,
        action="meshwright.istio.any",
        check_mode=False,
        no_log=False,
        diff=False,
    )
    shell = mock.Mock(tmpdir=None)
    connection = mock.Mock(transport="local", become=None, socket_path=None, _shell=shell)
    loader = mock.Mock(get_basedir=lambda: "/")
    templar = mock.Mock(template=lambda value: value)
    play_context = mock.Mock(executable="/bin/sh")
    action = kind(task, connection, play_context, loader, templar, mock.Mock())
    own = {"ansible_python_interpreter": sys.executable, **(variables or {})}
    with mock.patch.object(ModuleAction, "get_shell_option", return_value="/nowhere"):
        return action.run_module({}, own)


@pytest.mark.parametrize(
    ("main", "error"),
    [
        pytest.param(lambda: None, AnsibleActionFail, id="no result"),
        pytest.param(lambda: int("a fault"), ValueError, id="a fault"),
    ],
)
def test_a_module_that_goes_wrong_leaves_nothing_behind(
    main: Any, error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    before = Path.cwd()

    class Action(ModuleAction):
        module = mock.Mock(spec=ModuleType, main=main)

    with pytest.raises(error):
        run(Action)
    assert Path.cwd() == before
    assert basic._ANSIBLE_ARGS is None
    assert list(tmp_path.iterdir()) == []


def test_a_module_whose_imports_fail_is_left_to_ansible(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_module("proxy_status") is not None
    monkeypatch.setitem(
        sys.modules, "ansible_collections.meshwright.istio.plugins.modules.proxy_status", None
    )
    assert load_module("proxy_status") is None
