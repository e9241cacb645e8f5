# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _web
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
    MeshError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._prometheus import (
    Prometheus,
    Settings,
    UnmeasuredError,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.prometheus import (
    MOMENT,
    refusal,
    success,
    vector,
)
from ansible_collections.meshwright.istio.tests.unit.support.stub_server import Answer, serving

Object = dict[str, Any]
PATH = "/api/v1/query?" + urlencode({"query": "sum(up)", "timeout": "60s"})
INSIDE = ("obs", "prom-0", 9091, PATH)


def settings(**given: Any) -> Settings:
    defaults = {"validate_certs": True, "timeout": 60}
    absent = dict.fromkeys(("url", "service", "headers", "ca_cert"))
    return Settings.from_params({**absent, **defaults, **given})


def ask(answer: Answer, promql: str = "sum(up)") -> float | None:
    with serving(answer) as stub:
        return Prometheus(settings(url=stub.url), FakeApi()).value(promql)


def service(*ports: Mapping[str, Any]) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "prom", "namespace": "obs"},
        "spec": {"ports": list(ports)},
    }


def endpoints(port: Mapping[str, Any], **ready: bool | None) -> Object:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"prom-{port['port']}",
            "namespace": "obs",
            "labels": {"kubernetes.io/service-name": "prom"},
        },
        "ports": [port],
        "endpoints": [
            {
                "conditions": {} if is_ready is None else {"ready": is_ready},
                "targetRef": {"kind": "Pod", "name": name.replace("_", "-")},
            }
            for name, is_ready in ready.items()
        ],
    }


WEB = {"name": "web", "port": 80, "targetPort": "http"}
INNER = {"name": "web", "port": 9091}


def ask_service(*objects: Object, name: str = "obs/prom:80", answer: Any = None) -> float | None:
    api = FakeApi(*objects)
    api.pod_answers[INSIDE] = json.dumps(vector(4).body).encode() if answer is None else answer
    return Prometheus(settings(service=name), api).value("sum(up)")


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        pytest.param(vector(0.25), 0.25, id="one series"),
        pytest.param(vector("-1e3"), -1000, id="a negative one"),
        pytest.param(success("scalar", [MOMENT, "3"]), 3, id="a scalar"),
        pytest.param(vector(), None, id="no data"),
        pytest.param(vector(1, infos=["PromQL info: x"]), 1, id="a remark of 3.x"),
        pytest.param(vector(1, warnings=["PromQL info: x"]), 1, id="a remark of 2.x"),
    ],
)
def test_one_number_is_taken(answer: Answer, value: float | None) -> None:
    assert ask(answer) == value


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(vector(1, 2), "2 series, where one is wanted; put sum", id="several series"),
        pytest.param(vector("NaN"), "gives NaN", id="NaN"),
        pytest.param(vector("+Inf"), r"gives \+Inf", id="infinity"),
        pytest.param(success("scalar", [MOMENT, "NaN"]), "gives NaN", id="NaN as a scalar"),
        pytest.param(success("matrix", []), "gives a matrix", id="a range"),
        pytest.param(success("string", [MOMENT, "1"]), "gives a string", id="a text"),
        pytest.param(
            success("vector", [{"metric": {}, "histogram": [MOMENT, {}]}]),
            "a histogram",
            id="a histogram",
        ),
        pytest.param(
            vector(1, warnings=["store b is away"]), "warns .* store b is away", id="a warning"
        ),
        pytest.param(
            refusal(400, "bad_data", "1:7: parse error"),
            r"refuses the query \(bad_data\): 1:7: parse error",
            id="a syntax error",
        ),
        pytest.param(refusal(503, "timeout", "took too long"), r"\(timeout\): took", id="too slow"),
        pytest.param(Answer(401, b"<h1>Log in</h1>"), "answered 401, .*<h1>Log in", id="a login"),
        pytest.param(Answer(200, b"[1]"), "answered 200, and not as", id="JSON of something else"),
        pytest.param(Answer(200, {"status": "success"}), "not as Prometheus", id="half an answer"),
        pytest.param(vector("many"), "not as Prometheus", id="no number"),
        pytest.param(
            Answer(302, headers={"Location": "https://sso"}), "redirects to https://sso", id="SSO"
        ),
    ],
)
def test_anything_else_is_not_measured(answer: Answer, said: str) -> None:
    with pytest.raises(UnmeasuredError, match=said):
        ask(answer)


def test_answer_that_is_too_large_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_web, "_LARGEST", 64)
    with pytest.raises(UnmeasuredError, match="larger than a mebibyte"):
        ask(vector(1))


def test_prometheus_that_is_away_is_named() -> None:
    away = Prometheus(settings(url="http://127.0.0.1:1"), FakeApi())
    with pytest.raises(UnmeasuredError, match=r"^http://127.0.0.1:1 cannot be asked: Connection"):
        away.value("up")


def test_query_is_posted_with_the_headers() -> None:
    with serving(vector(1)) as stub:
        given = settings(url=f"{stub.url}/prom/", headers={"Authorization": "Bearer t"})
        Prometheus(given, FakeApi()).value('up{a="é&="}')
        [asked] = stub.asked
    assert (asked.method, asked.path) == ("POST", "/prom/api/v1/query")
    assert asked.header("Authorization") == "Bearer t"
    assert asked.header("Content-Type") == "application/x-www-form-urlencoded"
    assert parse_qs(asked.body.decode()) == {"query": ['up{a="é&="}'], "timeout": ["60s"]}


@pytest.mark.parametrize(
    ("objects", "name"),
    [
        pytest.param((service(WEB), endpoints(INNER, prom_0=True)), "obs/prom:80", id="a number"),
        pytest.param((service(WEB), endpoints(INNER, prom_0=True)), "obs/prom:web", id="a name"),
        pytest.param(
            (service({"port": 80}), endpoints({"name": "", "port": 9091}, prom_0=True)),
            "obs/prom:80",
            id="a port without a name",
        ),
        pytest.param(
            (service(WEB), endpoints(INNER, prom_1=False, prom_0=None)),
            "obs/prom:80",
            id="a pod that is not ready before one of which nothing is known",
        ),
        pytest.param(
            (
                service({"name": "grpc", "port": 81}, WEB),
                endpoints({"name": "grpc", "port": 7}, prom_2=True),
                endpoints(INNER, prom_0=True),
            ),
            "obs/prom:80",
            id="the slice of another port",
        ),
    ],
)
def test_service_is_asked_in_a_ready_pod(objects: tuple[Object, ...], name: str) -> None:
    assert ask_service(*objects, name=name) == 4


def test_service_is_asked_below_its_prefix() -> None:
    api = FakeApi(service(WEB), endpoints(INNER, prom_0=True))
    where = ("obs", "prom-0", 9091, f"/deep/er{PATH}")
    api.pod_answers[where] = json.dumps(vector(5).body).encode()
    prometheus = Prometheus(settings(service="obs/prom:web/deep/er/"), api)
    assert prometheus.value("sum(up)") == 5


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        pytest.param((), "the Service obs/prom does not exist", id="no Service"),
        pytest.param(
            (service({"name": "grpc", "port": 81}),), "only the ports 81, grpc", id="another port"
        ),
        pytest.param((service(),), r"only the ports \(none\)", id="no port"),
        pytest.param((service(WEB),), "has no pod that is ready", id="no slice"),
        pytest.param(
            (service(WEB), endpoints(INNER, prom_0=False)), "no pod that is ready", id="none ready"
        ),
        pytest.param(
            (service(WEB), endpoints(INNER, prom_9=True)), "no answer from obs/prom-9", id="silence"
        ),
    ],
)
def test_service_that_nobody_answers_for_is_not_measured(
    objects: tuple[Object, ...], said: str
) -> None:
    with pytest.raises(UnmeasuredError, match=said):
        ask_service(*objects)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(
            ApiError("GET", status=400, body=json.dumps(refusal(400, "bad_data", "1:7").body)),
            r"refuses the query \(bad_data\): 1:7",
            id="a syntax error",
        ),
        pytest.param(ApiError("GET", status=403), "^GET$", id="no right"),
        pytest.param(MeshError("Install websocket-client."), "^Install web", id="no package"),
    ],
)
def test_refusal_behind_a_service_is_told(answer: Exception, said: str) -> None:
    with pytest.raises(UnmeasuredError, match=said):
        ask_service(service(WEB), endpoints(INNER, prom_0=True), answer=answer)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"url": "prom:9090"}, "prometheus.url: got 'prom:9090'", id="no scheme"),
        pytest.param({"url": "http://a/?x=1"}, "without ? and #", id="a query"),
        pytest.param({"service": "prom:9090"}, "prometheus.service: got 'prom:9090'", id="half"),
        pytest.param({"service": "a/b"}, "right is namespace/name:port", id="no port"),
        pytest.param({"url": "http://a", "timeout": 0}, "prometheus.timeout: got 0", id="no time"),
        pytest.param(
            {"url": "http://a", "headers": {"A": "b\n"}}, "prometheus.headers: 'A'", id="header"
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused(given: Object, message: str) -> None:
    with pytest.raises(BadInputError) as caught:
        settings(**given)
    assert message in caught.value.message


def test_headers_are_not_shown() -> None:
    assert "sesame" not in repr(settings(url="http://a", headers={"Authorization": "sesame"}))
