# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide of the switchover says what the role has: its variables, directors and phases."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshwright.istio.plugins.module_utils import _phase
from ansible_collections.meshwright.istio.plugins.module_utils.compare import catalogue

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/docsite/rst/switchover_guide.rst").read_text(encoding="utf-8")
ROLE = ROOT / "roles/switchover"
SPEC = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))
OPTIONS: dict[str, Any] = SPEC["argument_specs"]["main"]["options"]
DIRECTORS: list[str] = OPTIONS["switchover_director"]["choices"]
BLOCK = re.compile(r"^\.\. code-block:: yaml\n\n((?:   .*\n|\n)+)", re.MULTILINE)
# What the role hands to a director, and takes from it.
GIVEN = {
    *("switchover_operation", "switchover_share", "switchover_shares"),
    *("switchover_prepared", "switchover_answer"),
}
EXAMPLE = (ROOT / "examples/director_nginx.yml").read_text(encoding="utf-8")


def settings() -> dict[str, dict[str, Any]]:
    """Each example of settings, by its director; those of one's own have a name of their own."""
    found = {}
    for text in BLOCK.findall(GUIDE):
        content = yaml.safe_load(textwrap.dedent(text))
        if isinstance(content, dict) and "switchover_director" in content:
            found[content["switchover_director"]] = content
    return found


def test_every_director_has_an_example() -> None:
    assert settings().keys() == set(DIRECTORS)


@pytest.mark.parametrize("director", [name for name in DIRECTORS if name != "custom"])
def test_an_example_has_what_the_director_needs(director: str) -> None:
    name = f"switchover_{director}"
    known = OPTIONS[name]["options"]
    given = settings()[director][name]
    assert given.keys() - known.keys() == set()
    assert {key for key, each in known.items() if each.get("required")} <= given.keys()


def test_only_variables_of_the_role_are_named() -> None:
    named = set(re.findall(r"\bswitchover_[a-z0-9_]*[a-z0-9]\b", GUIDE))
    # The guide itself, and a playbook.
    assert named - OPTIONS.keys() - GIVEN == {"switchover_guide"}


def test_every_phase_is_told_in_its_order() -> None:
    told = re.findall(r"^#\. ``(\w+)``:", GUIDE, re.MULTILINE)
    order = [str(phase) for phase in _phase.ORDER[_phase.Path.SWITCHOVER]]
    assert told == order[1:]


def test_every_operation_of_a_director_is_told_with_its_answer() -> None:
    constants = yaml.safe_load((ROLE / "vars/main.yml").read_text(encoding="utf-8"))
    rows = re.findall(r"^   \* - ``(\w+)``\n     -.*\n((?:     .*\n)+)", GUIDE, re.MULTILINE)
    told = {name: text for name, text in rows if name in constants["__switchover_answers"]}
    assert told.keys() == constants["__switchover_answers"].keys()
    for name, keys in constants["__switchover_answers"].items():
        assert all(f"``{key}``:" in told[name] for key in keys), name


def test_the_director_of_ones_own_is_shown_as_it_is_in_the_examples() -> None:
    assert textwrap.indent(EXAMPLE.removeprefix("---\n"), "   ") in GUIDE


def test_the_director_of_ones_own_knows_every_operation() -> None:
    """But for what it has nothing to do for: its settings are the same all the time."""
    constants = yaml.safe_load((ROLE / "vars/main.yml").read_text(encoding="utf-8"))
    known = set(re.findall(r"switchover_operation == '(\w+)'", EXAMPLE))
    assert constants["__switchover_answers"].keys() - known == {"prepare", "restore"}


def test_every_difference_that_is_found_is_told_once() -> None:
    codes = GUIDE.partition("What is compared\n---")[2].partition("What it cannot do\n---")[0]
    rows = re.findall(r"^   \* - (``.+)$", codes, re.MULTILINE)
    told = [code for row in rows for code in re.findall(r"``(\w+)``", row)]
    assert sorted(told) == sorted(catalogue.CODES)
