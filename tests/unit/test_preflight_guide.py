# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide of the preflight says what the preflight does, and the account that it names can do it.

What the account really may is tried on a real API server.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import catalogue, reading
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_meshes import (
    healthy,
    of_version,
    wanted,
)

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/docsite/rst/preflight_guide.rst").read_text(encoding="utf-8")
# The last table there is that of another module.
TROUBLESHOOTING, _VERIFY = (
    (ROOT / "docs/docsite/rst/troubleshooting.rst")
    .read_text(encoding="utf-8")
    .split("What verify finds\n")
)
ROLE_TEXTS = [
    (ROOT / f"examples/preflight_rights/{name}.yml").read_text(encoding="utf-8")
    for name in ("read", "secrets", "istiods", "images")
]
ROLES: list[dict[str, Any]] = [yaml.safe_load(text) for text in ROLE_TEXTS]
READING, SECRETS, ISTIOD, IMAGES = ROLES
ROW = re.compile(r"^   \* - (F\d+)\n((?:     .*\n)+)", re.MULTILINE)
CODES = set(re.findall(r"^   \* - ``(\w+)``$", TROUBLESHOOTING, re.MULTILINE))


def allowed(role: dict[str, Any], verb: str) -> Iterator[tuple[str, str]]:
    for rule in role["rules"]:
        if verb in rule["verbs"]:
            for group in rule["apiGroups"]:
                yield from ((group, resource) for resource in rule["resources"])


def reads() -> set[tuple[str, str, str]]:
    """Verb, group and plural of everything that is asked for."""
    kinds = {kind.kind: [] for kind in _kinds.ALL}
    for kind in _kinds.ALL:
        kinds[kind.kind].append(kind)
    found = set()
    for objects, upgrade in ((healthy(), wanted()), (of_version("1.24.6"), wanted("1.31.0"))):
        api = FakeApi(*objects)
        reading.read(api, upgrade)
        for verb, name in api.reads:
            for kind in kinds[name]:
                group = kind.api_version.rpartition("/")[0]
                found.add((verb, group, kind.plural))
    return found


def test_the_documented_account_may_read_everything_that_is_read() -> None:
    asked = reads()
    assert len(asked) > 25
    for verb in ("get", "list"):
        may = {*allowed(READING, verb), *allowed(SECRETS, verb)}
        wildcards = {group for group, resource in may if resource == "*"}
        lacking = {
            (group, plural)
            for asked_verb, group, plural in asked
            if asked_verb == verb and group not in wildcards and (group, plural) not in may
        }
        assert lacking == set(), verb


def test_it_may_do_nothing_else() -> None:
    verbs = {
        verb for role in (READING, SECRETS) for rule in role["rules"] for verb in rule["verbs"]
    }
    assert verbs == {"get", "list"}
    assert list(allowed(ISTIOD, "create")) == [("", "pods/portforward")]
    assert ("", "secrets") not in set(allowed(READING, "list"))
    assert {rule["resources"][0] for rule in IMAGES["rules"]} == {"pods"}


def test_the_guide_shows_the_account_as_it_is_in_the_examples() -> None:
    for text in ROLE_TEXTS:
        assert textwrap.indent(text.removeprefix("---\n"), "   ") in GUIDE


def test_every_known_failure_is_accounted_for_once() -> None:
    assert [number for number, _row in ROW.findall(GUIDE)] == [f"F{each}" for each in range(1, 26)]


@pytest.mark.parametrize(("number", "row"), ROW.findall(GUIDE))
def test_it_is_said_whether_it_is_seen_and_by_which_findings(number: str, row: str) -> None:
    seen = re.findall(r"^     - (.+)$", row, re.MULTILINE)[1]
    assert re.fullmatch(r"(in part )?before(, during)?|during", seen), f"{number}: {seen}"
    named = set(re.findall(r"``(\w+)``", row)) & CODES
    assert bool(named) == ("before" in seen), number


def test_all_findings_are_named() -> None:
    named = set(re.findall(r"``([a-z_]+)``", GUIDE))
    assert CODES - named == set()


def test_each_override_is_in_the_row_of_its_finding() -> None:
    rows = re.findall(
        r"^   \* - ``(\w+)``\n     - (.+)\n(?:(?:     - |       ).+\n)+?     -(?: (\w+))?\n",
        TROUBLESHOOTING,
        re.MULTILINE,
    )
    assert {code for code, _severity, _override in rows} == CODES
    overrides = {code for code, _severity, override in rows if override}
    assert overrides == set(catalogue.OVERRIDES)
    for code, severity, override in rows:
        assert override in ("", code)
        assert "block" in severity or not override
