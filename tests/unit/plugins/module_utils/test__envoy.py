# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _envoy
from ansible_collections.meshwright.istio.tests.unit.support import envoy_answers
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

WEB = "web.shop.svc.cluster.local"
# As the Envoy of a sidecar of Istio 1.30 prints it, cut short.
CLUSTERS = b"""\
xds-grpc::observability_name::xds-grpc
xds-grpc::/etc/istio/proxy/XDS::rq_active::2
outbound|80||web.shop.svc.cluster.local::observability_name::outbound|80||web.shop.svc.cluster.local;
outbound|80||web.shop.svc.cluster.local::default_priority::max_connections::4294967295
outbound|80||web.shop.svc.cluster.local::10.1.0.7:8080::cx_active::3
outbound|80||web.shop.svc.cluster.local::10.1.0.7:8080::rq_active::4
outbound|80||web.shop.svc.cluster.local::10.1.0.7:8080::hostname::
outbound|80||web.shop.svc.cluster.local::10.1.0.8:8080::cx_active::1
outbound|80||web.shop.svc.cluster.local::10.1.0.8:8080::rq_active::1
outbound|80|v1|web.shop.svc.cluster.local::10.1.0.9:8080::rq_active::0
outbound|3306||db.shop.svc.cluster.local::10.1.0.20:3306::rq_active::0
PassthroughCluster::10.1.0.30:8080::rq_active::7
InboundPassthroughCluster::0.0.0.0:0::rq_active::5
inbound|8080||::10.1.0.40:8080::cx_active::2
inbound|8080||::10.1.0.40:8080::rq_active::6
inbound|9090||::10.1.0.40:9090::rq_active::1
inbound|9090||::10.1.0.40:9090::rq_total::1234"""


@pytest.mark.parametrize(
    ("address", "sends"),
    [
        pytest.param("10.1.0.7", True, id="a host of a service"),
        pytest.param("10.1.0.9", True, id="a host of a subset"),
        pytest.param("10.1.0.1", False, id="the beginning of another"),
        pytest.param("1.0.7", False, id="the end of another"),
        pytest.param("10.1.0.30", False, id="only where the client says"),
        pytest.param("10.1.0.40", False, id="itself"),
        pytest.param("10.1.0.99", False, id="unknown"),
    ],
)
def test_knows_whether_it_would_still_send_there(address: str, sends: bool) -> None:
    assert _envoy.sends_to(CLUSTERS, address) is sends


SIX = b"""\
outbound|80||web.shop.svc.cluster.local::[fd00:10:244::5]:8080::rq_active::4
outbound|80||web.shop.svc.cluster.local::[fd00:10:244::5]:8080::health_flags::healthy
outbound|80||web.shop.svc.cluster.local::[fd00:10:244::51]:8080::health_flags::healthy
outbound|80||web.shop.svc.cluster.local::[fd00:10:244::6]:8080::health_flags::/failed_eds_health
outbound|80||web.shop.svc.cluster.local::[fd00:10:244::a:8]:8080::health_flags::healthy
inbound|8080||::[fd00:10:244::40]:8080::rq_active::6
"""


@pytest.mark.parametrize(
    ("address", "sends"),
    [
        pytest.param("fd00:10:244::5", True, id="a host of a service"),
        pytest.param("FD00:10:244:0:0:0:0:5", True, id="written at length"),
        pytest.param("fd00:10:244::51", True, id="one that begins like another"),
        pytest.param("fd00:10:244::", False, id="the beginning of another"),
        pytest.param("fd00:10:244::a", False, id="another with a port behind it"),
        pytest.param("::5", False, id="the end of another"),
        pytest.param("fd00:10:244::6", False, id="not ready"),
        pytest.param("fd00:10:244::40", False, id="itself"),
        pytest.param("fd00:10:244::99", False, id="unknown"),
    ],
)
def test_finds_addresses_of_ipv6_as_well(address: str, sends: bool) -> None:
    assert _envoy.sends_to(SIX, address) is sends


def test_leaves_out_services_whose_clients_choose_themselves() -> None:
    assert not _envoy.sends_to(CLUSTERS, "10.1.0.20", not_by=["db.shop.svc.cluster.local"])
    assert _envoy.sends_to(CLUSTERS, "10.1.0.7", not_by=["db.shop.svc.cluster.local"])
    # A pod may stand behind both, and then the other one still counts.
    both = CLUSTERS + b"\noutbound|80||web.shop.svc.cluster.local::10.1.0.20:80::rq_active::0"
    assert _envoy.sends_to(both, "10.1.0.20", not_by=["db.shop.svc.cluster.local"])
    # A name that only ends so is another's.
    assert _envoy.sends_to(CLUSTERS, "10.1.0.20", not_by=["b.shop.svc.cluster.local"])


def test_finds_an_address_in_the_last_line() -> None:
    assert _envoy.sends_to(b"outbound|80||a.b.svc::10.1.0.7:80::rq_active::0", "10.1.0.7")
    assert not _envoy.sends_to(b"", "10.1.0.7")


def test_a_pod_that_it_knows_as_not_ready_gets_nothing() -> None:
    host = b"outbound|80||door.edge.svc::10.1.0.7:80::"
    ill = host + b"health_flags::/failed_eds_health"
    assert _envoy.sends_to(host + b"health_flags::healthy", "10.1.0.7")
    assert not _envoy.sends_to(host + b"rq_active::0\n" + ill, "10.1.0.7")
    # It may be ready for another of its Services, or at another port.
    assert _envoy.sends_to(ill + b"\n" + host.replace(b"door", b"gate"), "10.1.0.7")
    assert _envoy.sends_to(ill + b"\n" + host.replace(b":80::", b":90::"), "10.1.0.7")


def test_counts_what_a_sidecar_has_open() -> None:
    assert _envoy.count_open(CLUSTERS, b"") == 7
    # The listeners go on counting where the cluster was replaced, and no more are open than that.
    assert _envoy.count_open(CLUSTERS, b"http.inbound_0.0.0.0_8080;.downstream_rq_active: 9\n") == 9
    assert _envoy.count_open(CLUSTERS, b"http.inbound_0.0.0.0_8080;.downstream_rq_active: 0\n") == 7


def test_counts_what_a_gateway_has_open() -> None:
    assert _envoy.count_open(CLUSTERS, b"", gateway=True) == 5
    listeners = (
        b"http.outbound_0.0.0.0_8080;.downstream_rq_active: 8\n"
        b"http.outbound_0.0.0.0_8443;.downstream_rq_active: 12\n"
        b"http.inbound_0.0.0.0_8080;.downstream_rq_active: 99\n"
    )
    assert _envoy.count_open(CLUSTERS, listeners, gateway=True) == 20


def test_counts_what_a_gateway_has_sent_on() -> None:
    sent = (
        b"outbound|80||a.b::10.1.0.7:80::rq_total::30\noutbound|80||c.d::10.1.0.8:80::rq_total::4"
    )
    assert _envoy.count_sent(CLUSTERS + b"\n" + sent) == 34


def test_what_is_not_kept_is_not_known() -> None:
    replaced = CLUSTERS[: CLUSTERS.index(b"inbound|8080")]
    assert _envoy.count_open(replaced, b"") is None
    assert _envoy.count_open(replaced, b"http.inbound_0.0.0.0_8080;.downstream_rq_active: 2\n") == 2
    assert (
        _envoy.count_open(replaced, b"http.inbound_0.0.0.0_8080;.downstream_rq_total: 2\n") is None
    )
    assert _envoy.count_open(b"", b"", gateway=True) is None


def test_asks_on_the_port_of_the_pod_alone() -> None:
    api = FakeApi()
    api.pod_answers["shop", "web-0", 15000, "/clusters"] = CLUSTERS
    assert _envoy.clusters(api, "web-0", "shop") == CLUSTERS
    path = "/stats?filter=%5Ehttp%5C.(inbound%7Coutbound)_.*downstream_rq_active$"
    api.pod_answers["shop", "web-0", 15000, path] = b"found"
    assert _envoy.gauges(api, "web-0", "shop") == b"found"
    api.pod_answers["shop", "web-0", 15000, "/healthcheck/fail"] = b"OK\n"
    _envoy.send_clients_away(api, "web-0", "shop")


def test_the_answers_of_the_fake_are_read_as_those_of_a_real_one() -> None:
    text = envoy_answers.clusters({WEB: ["10.1.0.7", "10.1.0.8"]}, "10.1.0.40", 6)
    assert _envoy.sends_to(text, "10.1.0.8")
    assert not _envoy.sends_to(text, "10.9.9.9")
    assert _envoy.count_open(text, b"") == 6
    assert _envoy.count_open(envoy_answers.clusters({WEB: []}, "", 6), b"") is None
    assert _envoy.count_open(b"", envoy_answers.gauges(3)) == 3
    assert _envoy.count_open(b"", envoy_answers.gauges(3, gateway=True), gateway=True) == 3
    assert envoy_answers.gauges(3, hidden=True) == b""
