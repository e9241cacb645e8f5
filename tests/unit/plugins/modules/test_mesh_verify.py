# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
import yaml
from ansible_collections.meshwright.istio.plugins.module_utils import _istiod, _kinds, _proxy_wait
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils.verify import evidence
from ansible_collections.meshwright.istio.plugins.modules import mesh_verify
from ansible_collections.meshwright.istio.tests.unit.support import (
    control_planes,
    gateways,
    istiods,
    mesh_objects,
    roots,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

Object = dict[str, Any]
VERSION = "1.31.0"
DENIED = 'admission webhook "rev.validation.istio.io" denied the request: wildcard host'


class Mesh(FakeApi):
    """Refuses VirtualServices by `verdict`; None accepts them."""

    def __init__(self, *objects: Object) -> None:
        super().__init__(*objects)
        self.verdict: str | None = DENIED
        self.asked: list[str | None] = []

    def create(
        self,
        kind: Kind,
        body: Mapping[str, Any],
        namespace: str | None = None,
        *,
        dry_run: bool = False,
    ) -> Object:
        assert (kind, namespace, dry_run) == (_kinds.VIRTUAL_SERVICE, "istio-system", True)
        self.asked.append((body["metadata"].get("labels") or {}).get("istio.io/rev"))
        if self.verdict is not None:
            raise ApiError(self.verdict, status=400)
        return dict(body)


class Clock:
    """Stands in for `datetime` where the module asks for the time."""

    moment = roots.ENDS - timedelta(days=400)

    @classmethod
    def now(cls, _zone: object) -> datetime:
        return cls.moment


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_istiod, "_PAUSE", 0.0)
    monkeypatch.setattr(evidence, "look_twice", partial(_proxy_wait.look_twice, pause=0))
    monkeypatch.setattr(mesh_verify, "datetime", Clock)


def authority(namespace: str, text: str = roots.MESH) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "istio-ca-root-cert",
            "namespace": namespace,
            "labels": {"istio.io/config": "true"},
        },
        "data": {"root-cert.pem": text},
    }


def service(name: str, namespace: str, **selector: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": selector},
    }


def certs(serial: str = roots.SERIAL, identity: str | None = "spiffe://td/ns/shop") -> bytes:
    names = [{"uri": identity}] if identity else [{"dns": "shop.example.org"}]
    entry = {"ca_cert": [{"serial_number": serial}], "cert_chain": [{"subject_alt_names": names}]}
    clients = {
        "ca_cert": [{"serial_number": roots.OTHER_SERIAL}],
        "cert_chain": [{"subject_alt_names": [{"dns": "gateway.example.org"}]}],
    }
    return json.dumps({"certificates": [entry, clients]}).encode()


def api_gateway() -> Object:
    condition = {"type": "Programmed", "status": "False", "reason": "Invalid", "message": "no key"}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "public", "namespace": "shop"},
        "spec": {"gatewayClassName": "istio"},
        "status": {"listeners": [{"name": "https", "conditions": [condition]}]},
    }


def gateway(**status: int) -> Object:
    item = gateways.gateway("in", labels={"istio": "in"})
    item["metadata"]["namespace"] = "edge"
    counts = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1}
    observed = item["metadata"].get("generation", 0)
    spec = {**item["spec"], "replicas": 1}
    return {**item, "spec": spec, "status": {"observedGeneration": observed, **counts, **status}}


def web(version: str = VERSION) -> Object:
    return mesh_objects.pod("web-1", "shop", revision="default", deployment="web", version=version)


def mesh(*objects: Object) -> Mesh:
    """A mesh that is well: a namespace, a gateway and an istiod without a revision."""
    api = Mesh(
        *control_planes.unrevisioned(),
        mesh_objects.istiod("default", f"hub.example.org/pilot:{VERSION}"),
        istiods.pod("istiod-x", "default"),
        mesh_objects.namespace("istio-system"),
        mesh_objects.namespace("edge"),
        mesh_objects.namespace("shop", istio_injection="enabled"),
        web(),
        gateway(),
        service("in", "edge", istio="in"),
        control_planes.endpoint_slice("in", namespace="edge"),
        *(authority(namespace) for namespace in ("istio-system", "shop")),
        *objects,
    )
    serve(api, istiods.entry("web-1.shop", version=VERSION))
    api.pod_answers["shop", "web-1", 15000, "/certs"] = certs()
    return api


def serve(api: Mesh, *entries: Object) -> None:
    istiods.serve(api, "istiod-x", VERSION, entries)


def run(api: Mesh, *, check: bool = False, **arguments: Any) -> Object:
    result = run_module(mesh_verify, api, arguments, check=check)
    assert api.writes == []
    return result


def codes(result: Object) -> list[tuple[str, str]]:
    return [(each["code"], each["severity"]) for each in result["findings"]]


@pytest.mark.parametrize("check", [False, True])
def test_a_mesh_that_is_well_has_no_finding(check: bool) -> None:
    api = mesh()
    result = run(api, check=check, version=VERSION, root_certificate=roots.MESH)
    assert (result["rc"], result["findings"], result["table"]) == (0, [], ["The mesh is well."])
    assert (result["well"], result["changed"]) == (True, False)
    assert (result["certificates"], result["proxies"]["by_version"]) == (1, {VERSION: 1})
    assert api.asked == [None]


Spoil = Callable[[Mesh], object]


def drop(kind: Kind, name: str, namespace: str | None = None) -> Spoil:
    return lambda api: api.remove(kind, name, namespace)


def put(*objects: Object) -> Spoil:
    return lambda api: [api.put(item) for item in objects]


def answer(text: bytes) -> Spoil:
    return lambda api: api.pod_answers.update({("shop", "web-1", 15000, "/certs"): text})


def say(verdict: str | None) -> Spoil:
    return lambda api: setattr(api, "verdict", verdict)


def forget(api: Mesh) -> None:
    del api.pod_answers["istio-system", "istiod-x", 15014, "/debug/syncz"]


def not_acknowledged(api: Mesh) -> None:
    serve(api, istiods.entry("web-1.shop", version=VERSION, listeners=istiods.stale()))


def end(api: Mesh) -> None:
    """Nobody needs a proxy in sync whose pod is on its way out."""
    not_acknowledged(api)
    ending = web()
    ending["metadata"]["deletionTimestamp"] = "2026-05-04T08:00:00Z"
    api.put(ending)


def peer(namespace: str, mode: str, **more: Any) -> Object:
    return {
        "apiVersion": "security.istio.io/v1",
        "kind": "PeerAuthentication",
        "metadata": {"name": "p", "namespace": namespace},
        "spec": {"mtls": {"mode": mode}, **more},
    }


def rule(host: str, mode: str = "DISABLE", namespace: str = "shop") -> Object:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "r", "namespace": namespace},
        "spec": {"host": host, "trafficPolicy": {"tls": {"mode": mode}}},
    }


GONE = control_planes.webhook_configuration(
    "istio-revision-tag-prod", "1-29", tag="prod", service="istiod-1-29"
)
VALIDATOR = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": "istiod-default-validator", "labels": {"istio.io/rev": "1-29"}},
}
STRICT = peer("shop", "STRICT")
LONG = "web.shop.svc.cluster.local"
SOME = {"matchLabels": {"app": "x"}}
CASES: dict[str, tuple[Spoil, list[tuple[str, str]]]] = {
    "a listener that is not served": (
        put(api_gateway()),
        [("listener_not_programmed", "block")],
    ),
    "no istiod": (
        drop(_kinds.DEPLOYMENT, "istiod", "istio-system"),
        [("control_plane_missing", "block"), ("revision_left", "block")],
    ),
    "istiod does not answer": (forget, [("istiod_unreachable", "warn")]),
    "proxy is stale": (not_acknowledged, [("proxy_not_synced", "block")]),
    "proxy is ending": (end, []),
    "namespace asks for nobody": (
        put(mesh_objects.namespace("lost", rev="1-31")),
        [("namespace_unserved", "block")],
    ),
    "tag of a revision gone": (put(GONE), [("revision_left", "block")]),
    "validator of one": (put(VALIDATOR), [("revision_left", "block")]),
    "nobody validates": (say(None), [("validator_open", "block")]),
    "validator is silent": (say("failed calling webhook"), [("validator_silent", "block")]),
    "mutual TLS off": (put(peer("shop", "DISABLE")), [("mtls_off", "info")]),
    "mutual TLS not spoken of": (put(peer("shop", "UNSET")), []),
    "torn, short name": (put(STRICT, rule("web")), [("mtls_torn", "block")]),
    "torn, long name": (put(STRICT, rule(LONG, namespace="edge")), [("mtls_torn", "block")]),
    "torn by the whole mesh": (
        put(peer("istio-system", "STRICT"), rule("web")),
        [("mtls_torn", "block")],
    ),
    "a host outside": (put(STRICT, rule("api.example.org")), []),
    "both sides agree": (put(STRICT, rule("web", "ISTIO_MUTUAL")), []),
    "strict for some alone": (put(peer("shop", "STRICT", selector=SOME), rule("web")), []),
    "gateway without endpoints": (
        put(control_planes.endpoint_slice("in", namespace="edge", ready=False)),
        [("gateway_silent", "block")],
    ),
    "gateway scaled to nothing": (
        put(
            {**gateway(), "spec": {**gateway()["spec"], "replicas": 0}},
            control_planes.endpoint_slice("in", namespace="edge", ready=False),
        ),
        [],
    ),
    "gateway half moved": (put(gateway(updatedReplicas=0)), [("gateway_incomplete", "warn")]),
    "no root": (
        drop(_kinds.CONFIG_MAP, "istio-ca-root-cert", "istio-system"),
        [("root_missing", "block")],
    ),
    "another root": (put(authority("edge", roots.OTHER)), [("root_outdated", "warn")]),
    "stranger": (answer(certs(roots.OTHER_SERIAL)), [("root_stranger", "block")]),
    "no identity": (answer(certs(identity=None)), [("identity_missing", "block")]),
    "no Envoy": (answer(b"not found"), [("proxy_unreachable", "info")]),
    "odd Envoy": (answer(b"[]"), [("proxy_unreachable", "info")]),
}


@pytest.mark.parametrize(("spoil", "expected"), CASES.values(), ids=CASES)
def test_finds(spoil: Spoil, expected: Sequence[tuple[str, str]]) -> None:
    api = mesh()
    spoil(api)
    result = run(api)
    assert codes(result) == expected
    assert result["well"] is all(severity != "block" for _code, severity in expected)
    for finding in result["findings"]:
        assert {finding[key][-1] for key in ("consequence", "remedy")} == {"."}


def test_versions_are_compared_where_one_is_given() -> None:
    api = mesh(web("1.30.4"))
    serve(api, istiods.entry("web-1.shop", version="1.30.4"))
    assert codes(run(api)) == [("proxy_waits_for_restart", "warn")]
    wrong = run(api, version=VERSION)
    assert codes(wrong) == [("proxy_version", "block"), ("proxy_waits_for_restart", "warn")]
    assert wrong["findings"][0]["objects"] == ["shop/web-1 (1.30.4)"]
    assert ("control_plane_version", "block") in codes(run(api, version="1.32.0"))


def test_the_control_plane_that_a_canary_leaves_is_no_harm() -> None:
    old = mesh_objects.istiod("1-30", "hub.example.org/pilot:1.30.4")
    api = mesh(*control_planes.revision("1-30"), old)
    assert codes(run(api, version=VERSION)) == [("control_plane_other", "info")]
    assert api.asked == [None, "1-30"]


def test_a_root_that_ends_soon_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "moment", roots.ENDS - timedelta(days=59))
    (finding,) = run(mesh())["findings"]
    assert (finding["code"], finding["severity"]) == ("root_ends", "warn")
    assert finding["title"] == f"The root ends at {roots.ENDS:%Y-%m-%d %H:%M} UTC"


def test_the_expected_root_may_be_given() -> None:
    assert codes(run(mesh(), root_certificate=roots.OTHER)) == [("root_stranger", "block")]


def test_no_more_proxies_are_asked_than_allowed() -> None:
    """First one of each workload, then more of them."""
    names = {"web-0": "web", "web-1": "web", "zoo-1": "zoo"}
    pods = [
        mesh_objects.pod(name, "shop", revision="default", deployment=owner, version=VERSION)
        for name, owner in names.items()
    ]
    api = mesh(*pods)
    serve(api, *(istiods.entry(f"{name}.shop", version=VERSION) for name in names))
    del api.pod_answers["shop", "web-1", 15000, "/certs"]
    asked = run(api, certificate_sample=2)["findings"][0]["objects"]
    assert [text.partition(":")[0] for text in asked] == ["shop/web-0", "shop/zoo-1"]
    assert len(run(api)["findings"][0]["objects"]) == 3
    assert run(api, certificate_sample=0)["findings"] == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param({"version": "1.31"}, "version: got '1.31'; right is a whole", id="version"),
        pytest.param({"certificate_sample": -1}, "certificate_sample: got -1", id="sample"),
        pytest.param(
            {"root_certificate": "nonsense"}, "root_certificate: it holds no certificate", id="root"
        ),
    ],
)
def test_refuses(arguments: Object, sentence: str) -> None:
    result = run(mesh(), **arguments)
    assert result["rc"] == 1
    assert sentence in result["msg"]


def test_takes_and_returns_what_is_documented() -> None:
    options = yaml.safe_load(mesh_verify.DOCUMENTATION)["options"]
    assert set(mesh_verify.argument_spec()) == set(options)
    returned = yaml.safe_load(mesh_verify.RETURN)
    assert set(run(mesh())) - {"rc", "changed"} == set(returned)
