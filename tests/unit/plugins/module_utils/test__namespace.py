# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import (
    Injection,
    Move,
    Namespace,
    check_name,
    is_system,
    pick,
    refuse_opted_out,
    refuse_system,
)

ENABLED = Injection(injection="enabled")
OLD = Injection(revision="1-28")
NEW = Injection(revision="1-29")


def namespace(name: str, injection: Injection = OLD) -> Namespace:
    return Namespace(name=name, injection=injection)


def move(name: str, before: Injection = OLD, after: Injection = NEW) -> Move:
    return Move(name=name, before=before, after=after)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param(None, Injection(), id="no labels at all"),
        pytest.param({"team": "a"}, Injection(), id="other labels only"),
        pytest.param({"istio.io/rev": "prod"}, Injection(revision="prod"), id="revision"),
        pytest.param(
            {"istio.io/rev": "x", "istio-injection": ""},
            Injection(revision="x", injection=""),
            id="both, one empty",
        ),
    ],
)
def test_namespace_from_object(labels: dict[str, str] | None, expected: Injection) -> None:
    item: dict[str, Any] = {"metadata": {"name": "a"}}
    if labels is not None:
        item["metadata"]["labels"] = labels
    assert Namespace.from_object(item) == Namespace(name="a", injection=expected)


@pytest.mark.parametrize(
    ("before", "after", "labels"),
    [
        pytest.param(ENABLED, NEW, {"istio-injection": None, "istio.io/rev": "1-29"}, id="both"),
        pytest.param(OLD, NEW, {"istio.io/rev": "1-29"}, id="revision only"),
        pytest.param(NEW, NEW, {}, id="right already"),
        pytest.param(NEW, ENABLED, {"istio-injection": "enabled", "istio.io/rev": None}, id="back"),
        pytest.param(
            Injection(revision="1-29", injection="enabled"),
            NEW,
            {"istio-injection": None},
            id="right but for istio-injection",
        ),
    ],
)
def test_patch_has_only_the_labels_that_differ(
    before: Injection, after: Injection, labels: dict[str, str | None]
) -> None:
    assert move("a", before, after).patch() == {"metadata": {"labels": labels}}


def test_summary_of_a_failed_move_says_unchanged() -> None:
    failed = Move(name="a", before=OLD, after=NEW, error="no")
    assert failed.summary() == {
        "name": "a",
        "before": {"revision": "1-28", "injection": None},
        "after": {"revision": "1-29", "injection": None},
        "changed": False,
        "error": "no",
    }


@pytest.mark.parametrize("name", ["a", "1-31", "a" * 63])
def test_check_name_accepts(name: str) -> None:
    check_name("revision", name)


@pytest.mark.parametrize("name", ["", "1.31", "Prod", "-a", "a-", "a_b", "a" * 64, "a\n"])
def test_check_name_refuses(name: str) -> None:
    with pytest.raises(BadInputError, match=r"(?s)^revision: got .*right is 1 to 63"):
        check_name("revision", name)


def test_pick_keeps_the_order_and_drops_repeats() -> None:
    known = [namespace("a"), namespace("b"), namespace("c")]
    assert [one.name for one in pick(known, ["c", "a", "c"])] == ["c", "a"]


def test_pick_names_every_missing_one_and_what_was_meant() -> None:
    with pytest.raises(BadInputError) as raised:
        pick([namespace("payments"), namespace("shop")], ["paiments", "shop", "zz"])
    assert raised.value.message == (
        "namespaces: 'paiments' does not exist (there is payments); 'zz' does not exist."
        " Correct the list or create them first."
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kube-system", True),
        ("openshift-dns", True),
        ("local-path-storage", True),
        ("mesh", True),
        ("kubernetes", False),
        ("istio-ingress", False),
        ("default", False),
    ],
)
def test_is_system(name: str, expected: bool) -> None:
    assert is_system(name, istio_namespace="mesh") is expected


def test_system_namespace_that_stays_as_it_is_is_not_refused() -> None:
    refuse_system([move("kube-system", NEW, NEW), move("a")], "mesh")


def test_opted_out_namespace_may_stay_opted_out() -> None:
    out = Injection(injection="disabled")
    both = Injection(revision="1-28", injection="disabled")
    refuse_opted_out([move("a", both, out), move("b", out, out), move("c", OLD, NEW)])
    with pytest.raises(RefusedError, match=r"opted out .*: d, e[.]"):
        refuse_opted_out([move("c"), move("d", out, NEW), move("e", both, ENABLED)])
