# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HAProxy as a director, tried on real ones: the shares that arrive, reloads, kills, others."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.modules import haproxy_weights
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

from sandbox import packages
from tests.integration.directors.haproxies import BACKEND, Cluster, Front, free_port, wait_until
from tests.integration.support.playing import CHECKOUT, Ansible, Played

SHARES = (1, 5, 25, 50, 100)
NOBODY = 65534


@pytest.fixture(scope="module", autouse=True)
def program() -> None:
    """HAProxy, installed where this machine lacks it."""
    if not packages.find("haproxy"):
        packages.install(("haproxy",))


@pytest.fixture
def clusters() -> Iterator[tuple[Cluster, Cluster]]:
    with Cluster(name="blue").running() as blue, Cluster(name="green").running() as green:
        yield blue, green


@pytest.fixture
def folder() -> Iterator[Path]:
    # The path of a socket has at most 107 characters.
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture
def front(clusters: tuple[Cluster, Cluster], folder: Path) -> Iterator[Front]:
    with Front(folder=folder, name="a", clusters=clusters, port=free_port()).running() as front:
        yield front


def options(*fronts: Front, config: bool = True, **more: Any) -> dict[str, Any]:
    return {
        "sockets": [str(each.socket) for each in fronts],
        "backend": BACKEND,
        "source_server": "blue",
        "target_server": "green",
        "config": str(fronts[0].config) if config else "",
        **more,
    }


def ask(*fronts: Front, check: bool = False, config: bool = True, **more: Any) -> dict[str, Any]:
    return run_module(haproxy_weights, None, options(*fronts, config=config, **more), check=check)


def test_the_share_that_was_set_is_the_share_that_arrives(
    front: Front, record_property: Callable[[str, object], None]
) -> None:
    arrived = {}
    for share in SHARES:
        result = ask(front, share=share)
        assert (result["rc"], result["holds"], result["share"]) == (0, True, share), result
        assert "warnings" not in result
        arrived[share] = front.send(1000)["green"] / 10
    record_property("share of 1,000 requests by the share that was set", arrived)
    assert all(abs(arrived[share] - share) <= 0.5 for share in SHARES), arrived
    assert ask(front)["healthy"] == {"source": True, "target": True}
    again = ask(front, share=100)
    assert (again["changed"], again["diff"]) == (False, [])


def test_a_reload_keeps_the_share_by_the_file_alone(front: Front) -> None:
    ask(front, share=25)
    front.reload()
    assert front.weights() == {"blue": 75, "green": 25}
    assert (ask(front)["holds"], front.send(200)) == (True, {"blue": 150, "green": 50})
    ask(front, share=50, config=False)
    front.reload()
    assert front.weights() == {"blue": 75, "green": 25}


def test_a_kill_between_socket_and_file_is_seen_and_healed(front: Front) -> None:
    script = (
        "import json, os, signal, sys\n"
        "from ansible.module_utils.testing import patch_module_args\n"
        "from ansible_collections.meshwright.istio.plugins.module_utils import _haproxy_file\n"
        "from ansible_collections.meshwright.istio.plugins.modules import haproxy_weights\n"
        "kill = lambda _file: os.kill(os.getpid(), signal.SIGKILL)\n"
        "_haproxy_file.ConfigFile.replace = kill\n"
        "with patch_module_args(json.loads(sys.argv[1])):\n"
        "    haproxy_weights.main()\n"
    )
    before = front.config.read_bytes()
    killed = subprocess.run(
        [sys.executable, "-c", script, json.dumps(options(front, share=25))],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / ".collections")},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert (front.weights()["green"], front.config.read_bytes()) == (25, before)
    seen = ask(front)
    assert (seen["share"], seen["holds"]) == (25, False)
    assert "which a reload would set" in seen["reason"]
    healed = ask(front, share=25)
    assert (healed["changed"], healed["holds"]) == (True, True)
    assert sorted(each.name for each in front.folder.iterdir()) == ["a.cfg", "a.log", "a.sock"]
    front.reload()
    assert front.weights()["green"] == 25


def test_what_another_writes_is_read(front: Front) -> None:
    ask(front, share=25)
    front.ask(f"set server {BACKEND}/green weight 225")
    seen = ask(front)
    assert (seen["share"], seen["holds"]) == (75, False)
    front.ask(f"set server {BACKEND}/green state maint")
    assert ask(front)["reason"] == f"server green is in maintenance at {front.socket}"


def test_shutting_ends_what_goes_to_the_source_and_nothing_else(front: Front) -> None:
    blue, green = front.clusters
    with ExitStack() as stack:
        for share in (0, 100):
            ask(front, share=share)
            for _each in range(3):
                stack.callback(_hold(front).close)
        wait_until(lambda: (blue.held, green.held) == (3, 3), "the sessions")
        # Nothing has a weight on blue any more, and what is open there stays.
        assert ask(front)["sessions"] == {"source": 3, "target": 3}
        assert ask(front, shut=True)["changed"] is True
        wait_until(
            lambda: ask(front)["sessions"] == {"source": 0, "target": 3}, "the end of the sessions"
        )
        assert ask(front, shut=True)["changed"] is False


def test_what_is_kept_open_for_nobody_is_told_apart(front: Front) -> None:
    with closing(_hold(front)):
        front.send(5)
        assert ask(front, share=100)["sessions"] == {"source": 1, "target": 0}
        kept = connections(front.clusters[0])
        assert kept > 1
        assert ask(front)["idle"] == {"source": kept - 1, "target": 0}
        assert front.send(5) == {"blue": 0, "green": 5}


def connections(cluster: Cluster) -> int:
    """How many connections to it the kernel knows."""
    files = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    at = f"0100007F:{cluster.port:04X}"
    return sum(line[2] == at and line[3] == "01" for line in files)


def _hold(front: Front) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=10)
    connection.request("GET", "/hold")
    assert connection.getresponse().read1(2) == b"hi"
    return connection


def test_two_processes_that_disagree_do_not_hold(front: Front) -> None:
    with Front(
        folder=front.folder, name="b", clusters=front.clusters, port=free_port()
    ).running() as other:
        ask(front, share=25)
        seen = ask(front, other)
        assert (seen["holds"], seen["share"]) == (False, 25)
        assert f"0 % at {other.socket}" in seen["reason"]
        assert ask(front, other, share=25)["holds"] is True
        assert other.weights() == {"blue": 75, "green": 25}


def test_a_cluster_that_is_down_is_not_healthy(front: Front) -> None:
    front.clusters[1].release.set()
    front.ask(f"set server {BACKEND}/green addr 127.0.0.1 port 1")
    wait_until(lambda: ask(front)["healthy"] == {"source": True, "target": False}, "the check")


def test_a_balance_that_heeds_no_weights_moves_nothing(
    clusters: tuple[Cluster, Cluster], folder: Path
) -> None:
    for balance, words in (("static-rr", "heeds no weights"), ("source", "static LB algorithm")):
        front = Front(folder=folder, name="s", clusters=clusters, port=free_port(), balance=balance)
        with front.running():
            before = front.config.read_text()
            result = ask(front, share=25)
            assert words in result["msg"]
            assert (front.weights(), front.config.read_text()) == (
                {"blue": 100, "green": 0},
                before,
            )


def test_a_socket_without_the_rights_is_refused(
    clusters: tuple[Cluster, Cluster], folder: Path
) -> None:
    with Front(
        folder=folder, name="u", clusters=clusters, port=free_port(), level="operator"
    ).running() as front:
        assert (ask(front)["rc"], ask(front)["share"]) == (0, 0)
        assert "has the level operator and sets no weights" in ask(front, share=1)["msg"]
        assert front.weights() == {"blue": 100, "green": 0}


def test_a_file_of_several_is_kept_although_it_cannot_be_checked_by_itself(front: Front) -> None:
    part = front.folder / "backends.cfg"
    text = front.config.read_text()
    part.write_text(text[text.index("backend clusters") :])
    alone = run_module(haproxy_weights, None, {**options(front, share=50), "config": str(part)})
    assert "cannot be checked by itself" in alone["warnings"][0]
    assert "weight 50" in part.read_text()


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "bad backend": ({"backend": "cluster"}, "has no backend cluster with servers"),
    "bad server": ({"target_server": "grey"}, "has no server grey; right is one of blue, green."),
    "dead socket": ({"sockets": ["/nowhere/haproxy.sock"]}, "HAProxy does not answer at /nowhere"),
    "dead port": ({"sockets": ["127.0.0.1:1"]}, "HAProxy does not answer at 127.0.0.1:1: "),
    "no file": ({"config": "/nowhere/haproxy.cfg"}, "/nowhere/haproxy.cfg cannot be read"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("check", [False, True], ids=["for real", "in check mode"])
def test_bad_input_is_one_sentence_and_nothing_is_written(
    front: Front, name: str, check: bool
) -> None:
    more, sentence = REFUSED[name]
    before = front.config.read_text()
    result = run_module(haproxy_weights, None, {**options(front, share=5), **more}, check=check)
    assert (result["rc"], sentence in result["msg"]) == (1, True), result["msg"]
    assert (front.weights(), front.config.read_text()) == ({"blue": 100, "green": 0}, before)


def test_a_file_that_cannot_be_written_moves_nothing(front: Front) -> None:
    before = front.config.read_text()
    with unprivileged():
        results = [ask(front, share=5, check=check) for check in (True, False)]
    for result in results:
        assert f"{front.config} cannot be replaced by this account" in result["msg"]
    assert (front.weights(), front.config.read_text()) == ({"blue": 100, "green": 0}, before)


@contextmanager
def unprivileged() -> Iterator[None]:
    """As an account that may use the socket and not write the file."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def director(
    scratch: Path,
    settings: Mapping[str, Any],
    *asked: Mapping[str, Any],
    hosts: Mapping[str, Mapping[str, Any]] | None = None,
    **how: bool,
) -> Played:
    """Ask the director's task file for operations, one after the other, as the role does."""
    ansible = Ansible(kubeconfig=scratch / "none", scratch=scratch)
    tasks: list[Mapping[str, Any]] = [
        {"ansible.builtin.add_host": {"name": name, **variables}}
        for name, variables in (hosts or {}).items()
    ]
    for each in asked:
        variables = {f"switchover_{key}": value for key, value in each.items()}
        tasks += [
            {
                "ansible.builtin.include_role": {
                    "name": "meshwright.istio.switchover",
                    "tasks_from": "ask_director.yml",
                },
                "vars": {
                    "switchover_director": "haproxy",
                    "switchover_haproxy": dict(settings),
                    **variables,
                },
            },
            {"name": "answer", "ansible.builtin.debug": {"msg": "{{ switchover_answer }}"}},
        ]
    return ansible.tasks(*tasks, **how)


def answers(played: Played) -> list[Any]:
    return [each.result["msg"] for each in played.outcomes if each.name == "answer"]


def test_the_director_answers_every_operation(front: Front, tmp_path: Path) -> None:
    settings = options(front)
    everything = (
        {"operation": "check", "shares": [0, 1, 100]},
        {"operation": "prepare"},
        {"operation": "set", "share": 25},
        {"operation": "read"},
        {"operation": "lifetime"},
        {"operation": "shut"},
        {"operation": "restore"},
    )
    rehearsed = director(tmp_path, settings, *everything[2:4], check=True)
    assert front.weights() == {"blue": 100, "green": 0}
    assert answers(rehearsed)[1]["share"] == 0
    played = director(tmp_path, settings, *everything)
    assert played.changed == rehearsed.changed
    assert [each.rpartition(" | ")[2] for each in played.changed] == ["Set the weights"]
    assert front.weights() == {"blue": 75, "green": 25}
    read = {
        "share": 25,
        "holds": True,
        "reason": "",
        "healthy": {"source": True, "target": True},
        "writer": "",
        "object": f"backend {BACKEND} of HAProxy at {front.socket}",
        "idle": 0,
    }
    assert answers(played) == [{}, {}, {}, read, {"seconds": 0}, {}, {}]


def test_the_director_goes_to_every_host(front: Front, tmp_path: Path) -> None:
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    away = {"ansible_host": "127.0.0.1", "ansible_port": 1}
    asked = ({"operation": "set", "share": 5}, {"operation": "read"})
    played = director(
        tmp_path, options(front, hosts=["near", "nigh"]), *asked, hosts={"near": here, "nigh": here}
    )
    assert answers(played)[1]["share"] == 5
    # One that names no connection of its own is reached as usual, not by that of the play.
    settings = options(front, hosts=["near", "far"])
    lost = director(
        tmp_path, settings, {"operation": "read"}, hosts={"near": here, "far": away}, fails=True
    )
    assert "far" in lost.output
    assert "Connection refused" in lost.output


def test_the_director_refuses_in_one_sentence(front: Front, tmp_path: Path) -> None:
    settings = {**options(front), "target_server": "grey"}
    asked = {"operation": "check", "shares": [0, 100]}
    refused = director(tmp_path, settings, asked, fails=True)
    assert "has no server grey; right is one of blue, green." in refused.output
    assert front.weights() == {"blue": 100, "green": 0}
