# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _departure
from ansible_collections.meshwright.istio.plugins.module_utils._departure import VALUE, Departure
from ansible_collections.meshwright.istio.plugins.module_utils._standing import (
    Policy,
    Sender,
    Standing,
)

LABELS = {"app": "web", "version": "v1", "tier": "front"}


def sender(name: str = "web", *, headless: bool = False, **selector: str) -> Sender:
    return Sender(namespace="shop", kind="Service", name=name, selector=selector, headless=headless)


def policy(**labels: str) -> Policy:
    return Policy(
        name="AuthorizationPolicy shop/deny", namespace="shop", selector={"matchLabels": labels}
    )


def find(*what: Sender | Policy, **more: Any) -> Departure:
    standing = Standing(
        senders=tuple(each for each in what if isinstance(each, Sender)),
        policies=tuple(each for each in what if isinstance(each, Policy)),
    )
    return _departure.find(standing, "shop", LABELS, **more)


@pytest.mark.parametrize(
    ("what", "keys"),
    [
        pytest.param([sender(app="web")], {"app"}, id="one service"),
        pytest.param([sender(app="web", tier="front")], {"app"}, id="first of two labels"),
        pytest.param(
            [sender(app="web", tier="front"), policy(app="web")], {"tier"}, id="not the policy's"
        ),
        pytest.param(
            [sender("a", app="web", tier="front"), sender("b", tier="front", version="v1")],
            {"tier"},
            id="what two services share",
        ),
        pytest.param(
            [sender("a", app="web"), sender("b", version="v1")], {"app", "version"}, id="both"
        ),
        pytest.param(
            [
                sender("a", app="web", tier="front"),
                sender("b", tier="front", version="v1"),
                policy(tier="front"),
            ],
            {"app", "version"},
            id="two where the shared one is the policy's",
        ),
        pytest.param(
            [sender(app="web"), policy(app="web", version="v2")], {"app"}, id="policy of others"
        ),
        pytest.param([sender(app="other")], set(), id="no service of ours"),
    ],
)
def test_changes_the_fewest_labels_and_no_policy(
    what: list[Sender | Policy], keys: set[str]
) -> None:
    found = find(*what)
    assert (found.changes, found.obstacle) == (dict.fromkeys(keys, VALUE), None)
    assert found.before == {key: LABELS[key] for key in keys}


def test_names_the_services_that_are_left() -> None:
    found = find(sender("a", app="web"), sender("b", headless=True, app="web"))
    assert [each.name for each in found.senders] == ["a", "b"]
    assert [each.name for each in found.headless] == ["b"]


def test_names_the_policies_in_the_way() -> None:
    found = find(sender(app="web"), policy(app="web"), policy(app="web", version="v1"))
    assert found.changes == {}
    assert found.obstacle == (
        "the labels by which Service shop/web selects its pods are those by which"
        " AuthorizationPolicy shop/deny does, and a pod that leaves the one would leave the other"
        " while it still answers"
    )


def test_keeps_what_must_not_change() -> None:
    assert find(sender(app="web", tier="front"), kept=["app"]).changes == {"tier": VALUE}
    found = find(sender(app="web"), kept=["app"])
    assert found.obstacle == (
        "no label of its pods can be changed to take them out of Service shop/web"
    )


def test_keeps_what_its_controller_has_added() -> None:
    added = {"pod-index": ""}
    first = sender("first", app="web", **{"pod-index": "0"})
    assert find(first, added=added).changes == {"app": VALUE}
    alone = sender("alone", **{"pod-index": "0"})
    assert find(alone, added=added).obstacle is not None


def test_gives_up_on_services_that_have_nothing_in_common() -> None:
    labels = {f"label-{number}": "x" for number in range(4)}
    senders = tuple(sender(key, **{key: "x"}) for key in labels)
    found = _departure.find(Standing(senders=senders), "shop", labels)
    assert "Service shop/label-0, Service shop/label-1, Service shop/label-2" in str(found.obstacle)
