# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What istiod says of Gateways and routes of the Gateway API, and nothing that others say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import Finding
from ansible_collections.meshwright.istio.plugins.module_utils.verify import attachment

Object = dict[str, Any]
OURS = "istio.io/gateway-controller"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """As much of the evidence as is looked at."""

    api_gateways: tuple[Object, ...] = ()
    routes: tuple[Object, ...] = ()


def condition(kind: str, status: str = "False") -> Object:
    return {"type": kind, "status": status, "reason": "Because", "message": "of this"}


def gateway(*conditions: Object, class_name: str = "istio") -> Object:
    return {
        "kind": "Gateway",
        "metadata": {"namespace": "web", "name": "public"},
        "spec": {"gatewayClassName": class_name},
        "status": {"listeners": [{"name": "https", "conditions": list(conditions)}]},
    }


def route(*conditions: Object, controller: str = OURS) -> Object:
    return {
        "kind": "HTTPRoute",
        "metadata": {"namespace": "web", "name": "shop"},
        "status": {"parents": [{"controllerName": controller, "conditions": list(conditions)}]},
    }


def found(seen: Any) -> list[Finding]:
    return list(attachment.find(seen))


def test_a_listener_that_is_not_served_is_named_with_the_reason() -> None:
    (finding,) = found(Seen(api_gateways=(gateway(condition("Programmed")),)))
    assert (finding.code, str(finding.severity)) == ("listener_not_programmed", "block")
    assert finding.objects == ("Gateway web/public, listener https: Because: of this",)


@pytest.mark.parametrize("kind", ["Accepted", "ResolvedRefs"])
def test_a_route_that_leads_nowhere_is_named_with_the_reason(kind: str) -> None:
    (finding,) = found(Seen(routes=(route(condition(kind)),)))
    assert (finding.code, str(finding.severity)) == ("route_not_attached", "warn")
    assert finding.objects == ("HTTPRoute web/shop: Because: of this",)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(Seen(), id="nothing there"),
        pytest.param(Seen(api_gateways=(gateway(condition("Programmed", "True")),)), id="served"),
        pytest.param(Seen(api_gateways=(gateway(condition("Conflicted")),)), id="no conflict"),
        pytest.param(
            Seen(api_gateways=(gateway(condition("Programmed"), class_name="other"),)),
            id="the Gateway of another controller",
        ),
        pytest.param(
            Seen(
                api_gateways=({**gateway(), "status": {}},), routes=({**route(), "status": None},)
            ),
            id="nobody has said anything yet",
        ),
        pytest.param(Seen(routes=(route(condition("Accepted", "True")),)), id="attached"),
        pytest.param(
            Seen(routes=(route(condition("Accepted"), controller="other"),)),
            id="what another controller says of a parent of its own",
        ),
    ],
)
def test_no_false_alarm(seen: Seen) -> None:
    assert found(seen) == []
