# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _gateway_config
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._gateway_config import Served
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.tests.unit.support import envoy_answers, mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

ROUTES = "/config_dump?resource=dynamic_route_configs"
POD = Pod.from_object(mesh_objects.pod("in-0", "edge", revision="1-31"))


def read(**answers: bytes) -> Served:
    api = FakeApi()
    given = {"/listeners": b"", "/certs": b"{}", ROUTES: b"{}"} | {
        {"listeners": "/listeners", "certs": "/certs", "routes": ROUTES}[name]: text
        for name, text in answers.items()
    }
    for path, text in given.items():
        api.pod_answers["edge", "in-0", 15000, path] = text
    return _gateway_config.read(api, POD)


def served(own: str, *missing: str) -> Served:
    return read(
        listeners=envoy_answers.served("/listeners", own, missing),
        certs=envoy_answers.served("/certs", own, missing),
        routes=envoy_answers.served(ROUTES, own, missing),
    )


def test_reads_what_a_gateway_serves() -> None:
    assert served("6d4") == Served(
        listeners=frozenset({"0.0.0.0:15090", "0.0.0.0:8080", "0.0.0.0:8443"}),
        certificates=frozenset({"5a11f"}),
        hosts=frozenset(
            {
                "http.8080 shop.example.net:80 (2 routes)",
                "http.8080 pay.example.net:80 (2 routes)",
            }
        ),
    )


def test_two_proxies_of_one_gateway_serve_the_same() -> None:
    # Each has names and a certificate of its own.
    assert served("6d4").lacks(served("57c")) == []


def test_reads_listeners_of_ipv6() -> None:
    lines = b"::_8080::[::]:8080\n6d4-1f::[::]:15090\n10.0.0.1_80::10.0.0.1:80\nnothing\n"
    assert read(listeners=lines).listeners == {"[::]:8080", "[::]:15090", "10.0.0.1:80"}


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("listener", "listeners 0.0.0.0:8443"),
        ("certificate", "certificates 5a11f"),
        ("route", "hosts http.8080 pay.example.net:80 (2 routes)"),
    ],
)
def test_says_what_a_new_one_lacks(missing: str, said: str) -> None:
    assert served("6d4", missing).lacks(served("57c")) == [said]
    # More than before is no fault.
    assert served("6d4").lacks(served("57c", missing)) == []


def test_names_three_of_many() -> None:
    many = Served(
        listeners=frozenset("abcde"), certificates=frozenset(), hosts=frozenset({"x", "y"})
    )
    none = Served(listeners=frozenset(), certificates=frozenset(), hosts=frozenset())
    assert none.lacks(many) == ["listeners a, b, c and 2 more", "hosts x, y"]


def test_one_route_fewer_is_a_difference() -> None:
    def with_routes(number: int) -> Served:
        host = {"name": "shop", "domains": ["shop.example.net"], "routes": [{}] * number}
        config = {"name": "http.8080", "virtual_hosts": [host]}
        return read(routes=json.dumps({"configs": [{"route_config": config}]}).encode())

    assert with_routes(1).lacks(with_routes(2)) == ["hosts http.8080 shop.example.net (2 routes)"]


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"listeners": b"\n", "certs": b'{"certificates": null}'}, id="nothing"),
        pytest.param({"routes": b'{"configs": [{"route_config": null}, {}]}'}, id="no routes"),
        pytest.param(
            {"routes": b'{"configs": [{"route_config": {"virtual_hosts": [{}]}}]}'}, id="no domains"
        ),
        pytest.param({"certs": b'{"certificates": [{"ca_cert": []}]}'}, id="authority alone"),
    ],
)
def test_reads_what_is_not_there(answers: dict[str, bytes]) -> None:
    assert read(**answers) == Served(
        listeners=frozenset(), certificates=frozenset(), hosts=frozenset()
    )


def test_a_certificate_without_names_counts() -> None:
    text = b'{"certificates": [{"cert_chain": [{"serial_number": "77"}]}]}'
    assert read(certs=text).certificates == {"77"}


def test_one_that_does_not_answer_is_an_error() -> None:
    with pytest.raises(ApiError):
        _gateway_config.read(FakeApi(), POD)
