# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _releases
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._release_data import DATA
from ansible_collections.meshwright.istio.plugins.module_utils._releases import SHIPPED, Rules
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version

README = Path(__file__).resolve().parents[4] / "README.md"


def version(text: str) -> Version:
    found = Version.parse(text)
    assert found is not None
    return found


def claimed() -> list[str]:
    """The minor releases that the README says the collection works with."""
    text = README.read_text(encoding="utf-8")
    row = re.search(r"^\| Istio that is read \| 1\.(\d+) to 1\.(\d+) \|", text, re.MULTILINE)
    assert row is not None, "the README no longer has the row of Istio's versions"
    installed = re.search(r"^\| Istio that is installed \|.*\| (.+) \|$", text, re.MULTILINE)
    assert installed is not None
    tried = [".".join(each.split(".")[:2]) for each in re.findall(r"1\.\d+\.\d+", installed[1])]
    assert tried
    return [*(f"1.{minor}" for minor in range(int(row[1]), int(row[2]) + 1)), *tried]


def lacking(rules: Rules, claims: list[str]) -> list[str]:
    """The claimed releases that there are no rules for."""
    return [name for name in claims if rules.release(version(name)) is None]


def test_every_release_that_the_collection_claims_has_its_rules() -> None:
    assert lacking(SHIPPED, claimed()) == []


def test_a_claim_without_rules_is_noticed() -> None:
    assert lacking(SHIPPED, ["1.31", "1.32"]) == ["1.32"]


@pytest.mark.parametrize(
    ("istio", "lowest", "highest"),
    [
        pytest.param("1.31.0", "1.32", "1.36", id="the newest"),
        pytest.param("1.24.6", "1.28", "1.31", id="the oldest"),
    ],
)
def test_each_release_says_which_kubernetes_it_supports(
    istio: str, lowest: str, highest: str
) -> None:
    release = SHIPPED.release(version(istio))
    assert release is not None
    assert release.kubernetes == (version(lowest), version(highest))


@pytest.mark.parametrize("istio", ["1.23.6", "1.99.0", "2.31.0"])
def test_nothing_is_said_of_other_releases(istio: str) -> None:
    assert SHIPPED.release(version(istio)) is None


def test_the_releases_follow_each_other_and_ask_for_no_less_than_the_one_before() -> None:
    names = SHIPPED.known()
    assert names == [f"1.{minor}" for minor in range(24, 24 + len(names))]
    for old, new in pairwise(names):
        before, after = SHIPPED.releases[old], SHIPPED.releases[new]
        assert before.kubernetes <= after.kubernetes, new
        for plural, least in before.gateway_api.items():
            assert after.gateway_api[plural] >= least, f"{plural} of {new}"


def entries(part: Any) -> list[Mapping[str, Any]]:
    return part if isinstance(part, list) else []


def test_every_rule_has_its_source_and_the_file_its_day() -> None:
    assert date.fromisoformat(SHIPPED.read)
    assert set(SHIPPED.sources) == {"kubernetes", "gateway_api"}
    assert SHIPPED.gateway_source
    rules = [entry for part in DATA.values() for entry in entries(part)]
    assert len(rules) > 10
    assert [entry for entry in rules if not entry["source"] or not entry["what"]] == []


def test_the_kinds_of_changed_defaults_are_known() -> None:
    known = {(kind.api_version, kind.kind) for kind in _kinds.ALL}
    for change in SHIPPED.changed_defaults:
        assert (change.api_version, change.kind) in known


@pytest.mark.parametrize(
    ("istio", "kept"),
    [
        pytest.param("1.31.0", True, id="a later minor"),
        pytest.param("1.32.4", True, id="one that is not there yet"),
        pytest.param("1.30.2", True, id="the first"),
        pytest.param("1.30.1", False, id="the patch before it"),
        pytest.param("1.29.6", True, id="after the first of an older minor"),
        pytest.param("1.29.4", False, id="before it"),
        pytest.param("1.28.10", False, id="a minor that never got it"),
    ],
)
def test_which_istiods_keep_a_gateway_that_moves(istio: str, kept: bool) -> None:
    assert SHIPPED.keeps_gateways(version(istio)) is kept


@pytest.mark.parametrize(
    ("old", "new", "flags"),
    [
        pytest.param("1.29.5", "1.30.4", ["PILOT_SIDECAR_PICK_BEST_SERVICE_NAMESPACE"], id="one"),
        pytest.param("1.31.0", "1.31.1", [], id="a patch"),
        pytest.param("1.31.0", "1.30.4", [], id="back"),
    ],
)
def test_what_changes_on_the_way(old: str, new: str, flags: list[str]) -> None:
    assert [each.flag for each in SHIPPED.changes(version(old), version(new))] == flags


def test_a_part_that_is_given_replaces_the_shipped_one() -> None:
    rules = Rules.from_option(
        {
            "read": "2027-01-31",
            "releases": {"1.32": {"kubernetes": ["1.33", "1.37"], "gateway_api": {}}},
            "bad_patches": [],
        }
    )
    assert rules.known()[-1] == "1.32"
    assert rules.release(version("1.31.0")) == SHIPPED.release(version("1.31.0"))
    assert (rules.bad_patches, rules.read) == ((), "2027-01-31")
    assert rules.changed_defaults == SHIPPED.changed_defaults
    assert SHIPPED.known()[-1] == "1.31"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"kubernetes": {}}, "rules: got dict as 'kubernetes'", id="no such part"),
        pytest.param({"releases": []}, "rules: got list as 'releases'", id="another form"),
        pytest.param({"releases": {"1.32": {}}}, "KeyError('kubernetes')", id="nothing in it"),
        pytest.param(
            {"releases": {"1.32": {"kubernetes": ["1.33"], "gateway_api": {}}}},
            "not enough values",
            id="half of it",
        ),
        pytest.param(
            {"releases": {"1.32": {"kubernetes": ["new", "1.37"], "gateway_api": {}}}},
            "new is no version",
            id="no version",
        ),
        pytest.param({"removed_types": ["v2"]}, "rules: an entry lacks", id="no mapping"),
    ],
)
def test_refuses_rules_that_are_none(given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError) as caught:
        Rules.from_option(given)
    assert message in caught.value.message


def test_the_module_of_rules_holds_no_data_of_its_own() -> None:
    source = Path(_releases.__file__).read_text(encoding="utf-8")
    assert re.findall(r"\b1\.[23]\d\b", source) == []
