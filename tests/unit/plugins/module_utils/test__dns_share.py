# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._dns_share import Sides, per_cent
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)
from hypothesis import given
from hypothesis import strategies as st


def sides(source: int, target: int) -> Sides:
    return Sides(
        source=tuple(f"10.1.0.{each}" for each in range(source)),
        target=tuple(f"10.2.0.{each}" for each in range(target)),
    )


def params(**options: Any) -> dict[str, Any]:
    given = {"source_addresses": ["10.1.0.1"], "target_addresses": ["10.2.0.1"], "type": "A"}
    return {**given, **options}


@pytest.mark.parametrize(
    ("source", "target", "shares"),
    [
        pytest.param(1, 1, {0, 50, 100}, id="one each"),
        pytest.param(1, 2, {0, 50, 67, 100}, id="one and two"),
        pytest.param(3, 1, {0, 25, 33, 50, 100}, id="three and one"),
        pytest.param(2, 2, {0, 33, 50, 67, 100}, id="two each"),
    ],
)
def test_only_what_addresses_express_is_taken(source: int, target: int, shares: set[int]) -> None:
    of = sides(source, target)
    for share in range(101):
        if share in shares:
            assert of.share(of.addresses(share)) == share
        else:
            with pytest.raises(RefusedError, match=f"^{share} per cent cannot be expressed"):
                of.addresses(share)


def test_all_shares_that_cannot_be_expressed_are_named_at_once() -> None:
    with pytest.raises(RefusedError, match=r"^1, 5, 25 per cent .* right are 0, 50, 100;"):
        sides(1, 1).check([0, 1, 5, 25, 50, 100])


@pytest.mark.parametrize(
    ("share", "source", "target"),
    [(0, 3, 0), (50, 2, 2), (100, 0, 2), (40, 3, 2), (33, 2, 1)],
)
def test_as_many_addresses_as_possible_are_in_the_record(
    share: int, source: int, target: int
) -> None:
    of = sides(3, 2)
    assert of.addresses(share) == (*of.source[:source], *of.target[:target])


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_share_is_rounded_and_only_nothing_is_nothing(target: int, source: int) -> None:
    share = per_cent(target, source)
    if target + source:
        exact = Fraction(100 * target, target + source)
        assert abs(share - exact) < 1
        assert (share == 0) == (target == 0)
        assert (share == 100) == (source == 0)
        if 1 <= exact <= 99:
            assert abs(share - exact) <= Fraction(1, 2)


def test_strangers_are_in_no_share() -> None:
    of = sides(1, 1)
    assert of.share(["10.1.0.0", "10.9.9.9"]) == 0
    assert of.strangers(["10.1.0.0", "10.9.9.9"]) == ("10.9.9.9",)


def test_addresses_are_compared_as_addresses() -> None:
    found = Sides.from_params(
        params(type="AAAA", source_addresses=["2001:DB8:0::1"], target_addresses=["2001:db8::2"])
    )
    assert found is not None
    assert found.source == ("2001:db8::1",)


def test_without_addresses_there_are_no_sides() -> None:
    assert Sides.from_params({"source_addresses": None, "type": "A"}) is None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"source_addresses": []}, "source_addresses: got none"),
        ({"target_addresses": ["quay"]}, "target_addresses: got 'quay'; right is an address of"),
        ({"type": "AAAA"}, "source_addresses: got '10.1.0.1'; right is an address of IPv6"),
        ({"target_addresses": ["10.1.0.1"]}, "got 10.1.0.1, which source_addresses has too"),
        ({"target_addresses": ["10.2.0.1"] * 2}, "target_addresses: got an address twice"),
    ],
)
def test_what_are_not_two_clusters_is_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInputError, match=sentence):
        Sides.from_params(params(**options))
