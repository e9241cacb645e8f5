# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._waves import (
    Candidate,
    Wave,
    WaveRequest,
    plan_waves,
    rank,
)


def candidates(*names: str, first: str = "", empty: str = "") -> list[Candidate]:
    """One candidate a name; each has a pod more than the one before it."""
    return [
        Candidate(name=name, pods=0 if name == empty else number, asks_first=name == first)
        for number, name in enumerate(names, start=1)
    ]


def requests(*entries: dict[str, object]) -> list[WaveRequest]:
    return [WaveRequest.from_option(number, entry) for number, entry in enumerate(entries, 1)]


def names(waves: tuple[Wave, ...]) -> list[tuple[str, ...]]:
    return [wave.namespaces for wave in waves]


HUNDRED = [f"team-{number:03}" for number in range(100)]


def test_nothing_to_move_is_no_wave() -> None:
    assert plan_waves([]) == ()


@pytest.mark.parametrize(
    ("first", "empty", "expected"),
    [
        pytest.param("", "", "cart", id="the one with the fewest pods"),
        pytest.param("mail", "", "mail", id="the one that asks for it"),
        pytest.param("", "cart", "mail", id="one without pods proves nothing"),
    ],
)
def test_the_first_wave_is_one_namespace(first: str, empty: str, expected: str) -> None:
    waves = plan_waves(candidates("cart", "mail", "stock", first=first, empty=empty))
    assert waves[0] == Wave(number=1, name="first", namespaces=(expected,))


def test_a_mesh_without_a_single_pod_still_has_a_first_wave() -> None:
    assert names(plan_waves([Candidate(name="cart", pods=0)])) == [("cart",)]


def test_by_default_one_then_a_tenth_then_half_then_the_rest() -> None:
    waves = plan_waves(candidates(*HUNDRED))
    assert [(wave.number, wave.name) for wave in waves] == [
        (1, "first"),
        (2, "10 %"),
        (3, "50 %"),
        (4, "rest"),
    ]
    assert [len(wave.namespaces) for wave in waves] == [1, 9, 40, 50]
    assert sorted(name for wave in waves for name in wave.namespaces) == HUNDRED


def test_a_wave_that_would_be_empty_is_left_out() -> None:
    waves = plan_waves(candidates("cart", "mail"))
    assert [(wave.number, wave.name) for wave in waves] == [(1, "first"), (2, "rest")]


@pytest.mark.parametrize("share", [1, 5, 20, 60])
def test_a_growing_share_leaves_none_out_that_it_had(share: int) -> None:
    smaller = plan_waves(candidates(*HUNDRED), requests({"share": share}))[0]
    greater = plan_waves(candidates(*HUNDRED), requests({"share": share + 15}))[0]
    assert set(smaller.namespaces) < set(greater.namespaces)


def test_the_choice_does_not_depend_on_the_order_in_which_the_cluster_lists_them() -> None:
    forward = candidates(*HUNDRED)
    assert plan_waves(forward) == plan_waves(forward[::-1])


def test_the_order_of_a_share_is_that_of_the_hash() -> None:
    # Fixed here, so that nobody changes the hash while upgrades are under way.
    assert sorted(["cart", "mail", "stock"], key=rank) == ["mail", "stock", "cart"]
    waves = plan_waves(candidates("cart", "mail", "stock"), requests({"share": 33}, {"share": 66}))
    assert names(waves) == [("mail",), ("stock",), ("cart",)]


def test_named_waves_come_as_they_are_given_and_the_rest_moves_last() -> None:
    waves = plan_waves(
        candidates("cart", "mail", "pay", "stock"),
        requests({"name": "brave", "namespaces": ["stock"]}, {"namespaces": ["mail", "cart"]}),
    )
    assert [(wave.name, wave.namespaces) for wave in waves] == [
        ("brave", ("stock",)),
        ("mail, cart", ("cart", "mail")),
        ("rest", ("pay",)),
    ]


def test_a_share_after_names_counts_them_in() -> None:
    waves = plan_waves(
        candidates("cart", "mail", "pay", "stock"),
        requests({"namespaces": ["stock"]}, {"share": 50}),
    )
    assert [len(wave.namespaces) for wave in waves] == [1, 1, 2]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        pytest.param([{"namespaces": ["nope"]}], "got nope, which is no", id="unknown namespace"),
        pytest.param(
            [{"namespaces": ["cart"]}, {"namespaces": ["cart"]}], "got cart twice", id="twice"
        ),
        pytest.param([{"share": 50}, {"share": 50}], "got 50 after 50", id="share not growing"),
        pytest.param([{"share": 0}], "got 0; right is", id="share too small"),
        pytest.param([{"share": 101}], "got 101; right is", id="share too great"),
        pytest.param([{}], "either namespaces", id="neither"),
        pytest.param([{"share": 5, "namespaces": ["cart"]}], "either namespaces", id="both"),
    ],
)
def test_a_request_that_cannot_be_is_refused(
    entries: list[dict[str, object]], message: str
) -> None:
    with pytest.raises(BadInputError, match=r"waves\[") as caught:
        plan_waves(candidates("cart", "mail"), requests(*entries))
    assert message in caught.value.message
