# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import doctor, packages, registries
from sandbox.errors import ExitCode, MachineError
from sandbox.findings import Severity, fine, missing, warn

FINDINGS = [
    fine("root", "yes"),
    warn("memory", "3.0 GiB free", "free some"),
    missing("disk", "1 GiB free under /var", "free 3 GiB there"),
    missing("nftables", "not there", "load it"),
]


def test_refuse_names_the_first_that_is_missing_and_counts_the_others() -> None:
    with pytest.raises(MachineError) as caught:
        doctor.refuse(FINDINGS)
    assert caught.value.exit_code == ExitCode.MACHINE
    assert caught.value.message == (
        "disk: 1 GiB free under /var (and 1 more, see `python -m sandbox doctor`)"
    )
    assert caught.value.remedy == "free 3 GiB there"


def test_refuse_lets_pass_what_only_may_get_in_the_way() -> None:
    doctor.refuse(FINDINGS[:2])


def test_table_has_each_remedy_under_its_finding() -> None:
    assert doctor.table(FINDINGS[:3]).splitlines() == [
        "ok       root    yes",
        "warn     memory  3.0 GiB free",
        "                 -> free some",
        "missing  disk    1 GiB free under /var",
        "                 -> free 3 GiB there",
    ]


def test_table_wraps_long_lines() -> None:
    lines = doctor.table([missing("disk", "word " * 60, "mend it")]).splitlines()
    assert max(map(len, lines)) <= 100
    assert all(line.startswith(" " * 15) for line in lines[1:])


def test_a_sandbox_that_is_there_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "STATE", tmp_path / "none")
    assert doctor.check_running().severity is Severity.FINE
    monkeypatch.setattr(doctor, "STATE", tmp_path)
    assert doctor.check_running().severity is Severity.WARN


@pytest.mark.usefixtures("fake_go")
@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        pytest.param([], {registries.check_debian}, id="all is built"),
        pytest.param(["tools"], {registries.check_debian, registries.check_go}, id="a Go part"),
        pytest.param(["envoy"], {registries.check_debian, registries.check_pypi}, id="Envoy"),
    ],
)
def test_only_registries_that_are_needed_are_asked(
    wanted: list[str], asked: set[doctor.Check]
) -> None:
    assert set(doctor._registry_checks(wanted)) == asked


def test_a_registry_that_does_not_answer_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setattr(registries, "_PATIENCE", 120)
    found = registries.check_pypi()
    assert found.severity is Severity.MISSING
    assert found.text == "a package registry cannot be reached"
    assert "PIP_INDEX_URL" in found.remedy


def test_a_registry_of_go_modules_that_is_switched_off_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/usr/local/go/bin:/usr/bin:/bin")
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setattr(registries, "_PATIENCE", 120)
    found = registries.check_go()
    assert found.severity is Severity.MISSING
    assert found.text == "a package registry cannot be reached"
    assert "GOPROXY" in found.remedy


def test_a_slow_registry_hinders_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registries, "_PATIENCE", 0.01)
    assert registries.check_pypi().severity is Severity.WARN


@pytest.mark.parametrize(
    ("absent", "apt", "severity", "text"),
    [
        pytest.param((), None, Severity.FINE, "all installed", id="all there"),
        pytest.param(
            ("socat",), "/usr/bin/apt-get", Severity.FINE, "`build` installs socat", id="Debian"
        ),
        pytest.param(
            ("socat",), None, Severity.MISSING, "socat not found, and no apt-get", id="other"
        ),
    ],
)
def test_debian_packages(
    monkeypatch: pytest.MonkeyPatch,
    absent: tuple[str, ...],
    apt: str | None,
    severity: Severity,
    text: str,
) -> None:
    monkeypatch.setattr(packages, "missing", lambda: absent)
    monkeypatch.setattr(packages, "find_apt", lambda: apt)
    found = registries.check_debian()
    assert (found.severity, found.text) == (severity, text)
