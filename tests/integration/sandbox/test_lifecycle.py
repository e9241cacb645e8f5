# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sandbox comes up after anything, and leaves nothing behind; the kernel is the judge."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import urllib3

from sandbox import cache, haproxy, processes
from sandbox.errors import ExitCode
from sandbox.lifecycle import Sandbox, Wish
from sandbox.pytest_plugin import Keeper

from .machine import listing

pytestmark = pytest.mark.alone

CHECKOUT = Path(__file__).resolve().parents[3]
# How long an `up` takes about; the moments of the kills are spread over it.
UP_SECONDS = 40.0


def _sandbox(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


@pytest.fixture
def bare(keeper: Keeper) -> dict[str, list[str]]:
    """The machine without a sandbox."""
    keeper.none()
    return listing()


def test_a_second_one_is_refused_in_words(running: Sandbox) -> None:
    done = _sandbox("up")
    assert done.returncode == ExitCode.IN_THE_WAY
    assert f"has been running on this machine since {running.started}" in done.stderr
    assert not running.dead()


@pytest.mark.usefixtures("mesh")
def test_status_and_kubeconfig_tell_of_the_one_that_runs(running: Sandbox) -> None:
    done = _sandbox("status")
    assert done.returncode == ExitCode.OK
    assert "default (1.30.4, 1/1 ready)" in done.stdout
    path = _sandbox("kubeconfig").stdout.strip()
    said = subprocess.run(
        [running.artifacts.path("kubectl"), "get", "--raw", "/version"],
        env={"KUBECONFIG": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "v1.35" in said.stdout


def test_an_unknown_value_is_named() -> None:
    done = _sandbox("up", "--istio", "1.29")
    assert done.returncode == ExitCode.USAGE
    assert "invalid choice: '1.29' (choose from" in done.stderr


def test_this_machine_lacks_nothing() -> None:
    done = _sandbox("doctor", "--clusters", "2")
    assert done.returncode == ExitCode.OK, done.stdout
    assert done.stdout.startswith("ok ")


def test_a_missing_registry_is_one_sentence(bare: dict[str, list[str]], tmp_path: Path) -> None:
    nowhere = {"GOPROXY": "off", "PIP_INDEX_URL": "http://127.0.0.1:1", "PIP_FIND_LINKS": ""}
    done = _sandbox("up", XDG_CACHE_HOME=str(tmp_path), GOMODCACHE=str(tmp_path / "m"), **nowhere)
    # The doctor sees it, or on a slow machine the build itself.
    assert done.returncode in {ExitCode.MACHINE, ExitCode.FAILED}
    [sentence, remedy] = done.stderr.partition("sandbox: ")[2].splitlines()
    assert "a package registry cannot be reached" in sentence
    assert remedy.startswith("  -> check the network and the settings GOPROXY, PIP_INDEX_URL")
    assert listing() == bare


def test_images_that_were_tampered_with_are_refused_and_made_anew(
    bare: dict[str, list[str]], tmp_path: Path
) -> None:
    """In a cache of its own, as this one costs a person some time to fill."""
    own = tmp_path / "meshwright-sandbox"
    (own / "images").mkdir(parents=True)
    (own / "bin").symlink_to(cache.root() / "bin")
    for archive in (cache.root() / "images").iterdir():
        (own / "images" / archive.name).symlink_to(archive)
    # Beside the one in use, a cache may hold those of another state of the programs.
    for core in list((own / "images").glob("core-*")):
        content = bytearray(core.read_bytes())
        content[len(content) // 2] ^= 1
        core.unlink()
        core.write_bytes(content)
    done = _sandbox("up", "--istio", "none", XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == ExitCode.FAILED
    [sentence, remedy] = done.stderr.partition("sandbox: ")[2].splitlines()
    refused = re.fullmatch(r"the images in (\S+) cannot be imported: .+", sentence)
    assert refused is not None, sentence
    assert Path(refused[1]).match(str(own / "images" / "core-*.tar"))
    assert remedy == "  -> run up again, which puts them together anew"
    assert not Path(refused[1]).exists()
    assert listing() == bare


def test_down_leaves_nothing_also_after_a_component_died(
    bare: dict[str, list[str]], keeper: Keeper
) -> None:
    sandbox = keeper.need(Wish(istio="", workloads=""))
    assert listing() != bare, "the listing must be able to see a sandbox"
    # Somebody else's, of the same name.
    foreign = subprocess.Popen(["kubelet", "60"], executable="/bin/sleep")
    [kubelet] = [each for each in processes.find("a/kubelet") if each.program == "kubelet"]
    os.kill(kubelet.pid, signal.SIGKILL)
    assert _ended("a/kubelet", "kubelet")
    assert sandbox.dead() == ("a/kubelet",)
    assert _sandbox("status").returncode == ExitCode.FAILED
    again = _sandbox("up", "--istio", "none", "--workloads", "none")
    assert again.returncode == ExitCode.OK, again.stderr
    assert _sandbox("down").returncode == ExitCode.OK
    assert foreign.poll() is None
    foreign.kill()
    foreign.wait()
    assert listing() == bare


def _ended(mark: str, program: str) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if not any(each.program == program for each in processes.find(mark)):
            return True
        time.sleep(0.05)
    return False


def test_up_works_after_it_was_killed_at_random_moments(
    bare: dict[str, list[str]], keeper: Keeper
) -> None:
    """One moment each time; `MESHWRIGHT_TEST_KILLS=10` for as many as one likes to wait for."""
    kills = int(os.environ.get("MESHWRIGHT_TEST_KILLS", "1"))
    seed = int(os.environ.get("MESHWRIGHT_TEST_SEED", time.time_ns()))
    chosen = random.Random(seed)  # noqa: S311 - moments, not secrets
    part = UP_SECONDS / kills
    for number in range(kills):
        _kill_up_after(part * (number + chosen.random()))
    done = _sandbox("up", "--clusters", "2")
    assert done.returncode == ExitCode.OK, f"seed {seed}: {done.stderr}"
    _check_two(keeper.need(Wish(clusters=2)))
    assert _sandbox("down").returncode == ExitCode.OK
    assert listing() == bare, f"seed {seed}"


def _check_two(sandbox: Sandbox) -> None:
    """They trust each other, and weights move what comes to the front."""
    roots = {
        cluster.kubectl(
            *("get", "configmap", "-n", "shop", "istio-ca-root-cert"),
            *("-o", r"jsonpath={.data.root-cert\.pem}"),
        )
        for cluster in sandbox.clusters
    }
    assert len(roots) == 1
    for name, weights in (("a", (100, 0)), ("b", (0, 100))):
        for cluster, weight in zip(("a", "b"), weights, strict=True):
            haproxy.command(f"set server {haproxy.BACKEND}/{cluster} weight {weight}")
        answer = urllib3.request("GET", f"{haproxy.URL}/").json()
        pods = sandbox.cluster(name).kubectl("get", "pods", "-n", "shop", "-o", "name")
        assert answer["pod"] in pods


def _kill_up_after(seconds: float) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", "up"],
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as up:
        try:
            up.wait(seconds)
        except subprocess.TimeoutExpired:
            up.kill()
    if _sandbox("status").returncode == ExitCode.OK:
        # It was faster than that moment, so there is nothing half done.
        assert _sandbox("down").returncode == ExitCode.OK


def test_an_interrupted_up_takes_away_what_it_started(bare: dict[str, list[str]]) -> None:
    started = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", "up"],
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as up:
        assert up.stderr
        for line in up.stderr:
            if "the API server answers" in line:
                break
        up.terminate()
        since = time.monotonic()
        rest = up.stderr.read()
        assert up.wait(60) == ExitCode.FAILED
    assert "interrupted" in rest
    # It does not wait for what it was about to install. A slow machine ends as slowly as it starts.
    assert "is installed" not in rest
    assert time.monotonic() - since < max(UP_SECONDS / 2, 2 * (since - started))
    assert listing() == bare


def test_a_taken_port_is_refused_before_anything_is_started(bare: dict[str, list[str]]) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("", 80))
        taken.listen()
        refused = _sandbox("up", "--clusters", "2")
    assert refused.returncode == ExitCode.IN_THE_WAY
    assert "port 80" in refused.stderr
    assert listing() == bare
