# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""On two real clusters each kind of difference is found, and none where there is none."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from sandbox import pki
from sandbox.api import Object
from sandbox.cluster import Cluster
from tests.integration.preflight.making import TCP_ROUTES, an_old_kind
from tests.integration.support.playing import Ansible, Outcome
from tests.integration.switchover import richness
from tests.integration.switchover.conftest import Pair
from tests.integration.switchover.richness import RICH, manifest

Found = list[tuple[str, str, list[str]]]
Make = Callable[[Pair], None]
_MESH = "/api/v1/namespaces/istio-system/configmaps/istio"
_CACERTS = "/api/v1/namespaces/istio-system/secrets/cacerts"
_EXTRA = {"access": "block", "proxy_setting": "info"}
# Nothing else is made different in a test that does not say so.
_VERSIONS = ["istio_version"]


class Judge:
    """Compares both clusters by the module, as a person runs it."""

    def __init__(self, pair: Pair, scratch: Path) -> None:
        self.pair = pair
        self._ansible = Ansible(kubeconfig=pair.a.kubeconfig, scratch=scratch)
        self._back = Ansible(kubeconfig=pair.b.kubeconfig, scratch=scratch)

    def compare(self, *, back: bool = False, **options: Any) -> Outcome:
        """Source and target, or exchanged."""
        ansible, target = (self._back, self.pair.a) if back else (self._ansible, self.pair.b)
        options = {"target": {"kubeconfig": str(target.kubeconfig)}, **options}
        return ansible.module("mesh_compare", **options)

    def found(self, **options: Any) -> Found:
        """What is found beside the two versions, by the names of the objects alone."""
        result = self.compare(**options).result
        return [
            (each["code"], each["severity"], [name.partition(" (")[0] for name in each["objects"]])
            for each in result["findings"]
            if each["code"] not in _VERSIONS
        ]

    def refused(self, **options: Any) -> str:
        options = {"target": {"kubeconfig": str(self.pair.b.kubeconfig)}, **options}
        return self._ansible.module("mesh_compare", fails=True, **options).message


@pytest.fixture
def judge(pair: Pair, tmp_path: Path) -> Judge:
    return Judge(pair, tmp_path)


@pytest.fixture
def rich(judge: Judge) -> Judge:
    """Both clusters with the same objects of every kind."""
    shared = [*(each.document for each in RICH), richness.secret(), richness.autoscaler()]
    for cluster in judge.pair:
        cluster.apply(shared)
    return judge


def test_an_untouched_pair_differs_in_its_version_alone(judge: Judge) -> None:
    result = judge.compare().result
    assert [(each["code"], each["severity"]) for each in result["findings"]] == [
        ("istio_version", "info")
    ]
    assert (result["blocked"], result["changed"]) == (False, False)
    assert (result["source"]["version"], result["target"]["version"]) == ("1.30.4", "1.31.0")
    assert result["source"]["uid"] != result["target"]["uid"]
    assert {"shop", "istio-ingress", "istio-egress"} <= set(result["namespaces"])
    assert "outside" not in result["namespaces"]
    assert judge.compare(back=True).result["counts"]["warn"] == 1


def test_each_kind_of_configuration_is_found(rich: Judge) -> None:
    """All kinds at once: each has a finding of its own, and there is no other."""
    assert rich.found() == []
    target = rich.pair.b
    for each in RICH:
        target.objects.delete(target.objects.path(each.document))
    assert rich.found() == _expected("missing")
    target.apply([each.differing() for each in RICH])
    assert rich.found() == _expected("differs")
    beside = [each.beside() for each in RICH]
    target.apply([*(each.document for each in RICH), *(document for _name, document in beside)])
    extra = [
        (f"{each.topic}_extra", _EXTRA.get(each.topic, "warn"), name)
        for each, (name, _document) in zip(RICH, beside, strict=True)
    ]
    assert rich.found() == _grouped(extra)
    for _name, document in beside:
        target.objects.delete(target.objects.path(document))
    assert rich.found() == []


def _expected(what: str) -> Found:
    return _grouped(
        (f"{each.topic}_{what}", "warn" if each.topic == "proxy_setting" else "block", each.name)
        for each in RICH
    )


def _grouped(each: Iterable[tuple[str, str, str]]) -> Found:
    """As findings come: what blocks first, then by code, the objects of a code together."""
    found: dict[tuple[str, str], list[str]] = {}
    for code, severity, name in each:
        found.setdefault((severity, code), []).append(name)
    order = sorted(found, key=lambda key: (("block", "warn", "info").index(key[0]), key[1]))
    return [(code, severity, sorted(found[severity, code])) for severity, code in order]


def patch(path: str, body: Any) -> Make:
    """Merge something into an object of the target."""
    return lambda pair: _patch(pair.b, path, body)


def _patch(cluster: Cluster, path: str, body: Any) -> None:
    cluster.objects.patch(path, body)


def _service(name: str) -> str:
    return f"/api/v1/namespaces/shop/services/{name}"


def _set_mesh(line: str) -> Make:
    def make(pair: Pair) -> None:
        text = pair.b.objects.get(_MESH)["data"]["mesh"]
        name = line.partition(":")[0]
        kept = [each for each in text.splitlines() if not each.startswith(f"{name}:")]
        _patch(pair.b, _MESH, {"data": {"mesh": "\n".join([*kept, line])}})

    return make


def _give_another_root(pair: Pair) -> None:
    root = base64.b64encode(pki.authority("another root").certificate_pem).decode()
    _patch(pair.b, _CACERTS, {"data": {"root-cert.pem": root}})


def _put_namespace(pair: Pair) -> None:
    metadata = {"name": "blog", "labels": {"istio-injection": "enabled"}}
    pair.a.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}])


def _put_idle_workload(pair: Pair) -> None:
    labels = {"app": "idle"}
    pod = {"containers": [{"name": "idle", "image": "localhost/none"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    pair.a.apply([manifest("apps/v1", "Deployment", "idle", spec)])


def _give_no_endpoint(pair: Pair) -> None:
    _patch(pair.b, _service("payments"), {"spec": {"selector": {"app": "nobody"}}})
    path = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"
    pair.b.objects.wait(path, _none_of_payments, what="a Service without endpoints")


def _none_of_payments(slices: list[Object]) -> str:
    mine = [
        each
        for each in slices
        if each["metadata"]["labels"].get("kubernetes.io/service-name") == "payments"
    ]
    return "it has some" if any(each.get("endpoints") for each in mine) else ""


def _rename_port(pair: Pair) -> None:
    ports = pair.b.objects.get(_service("catalog"))["spec"]["ports"]
    changed = [{**ports[0], "name": f"tcp-{ports[0]['name']}"}, *ports[1:]]
    _patch(pair.b, _service("catalog"), {"spec": {"ports": changed}})


SERVING = [
    pytest.param(
        _give_another_root,
        [("root_of_trust", "block", ["root of the Secret cacerts or istio-ca-secret"])],
        id="root of trust",
    ),
    pytest.param(
        _set_mesh("trustDomain: other.test"),
        [("trust_domain", "block", ["trustDomain"])],
        id="trust domain",
    ),
    pytest.param(
        _set_mesh("enableAutoMtls: false"),
        [("mesh_setting", "warn", ["meshConfig.enableAutoMtls"])],
        id="mesh setting",
    ),
    pytest.param(
        patch("/api/v1/namespaces/shop", {"metadata": {"labels": {"istio-injection": None}}}),
        [("injection_differs", "block", ["Namespace shop"])],
        id="injection",
    ),
    pytest.param(
        patch(
            "/apis/networking.istio.io/v1/namespaces/shop/virtualservices/reviews",
            {"metadata": {"labels": {"istio.io/rev": "gone"}}},
        ),
        [("config_unread", "block", ["VirtualService shop/reviews"])],
        id="configuration for another revision",
    ),
    pytest.param(
        _put_namespace, [("namespace_missing", "block", ["Namespace blog"])], id="namespace"
    ),
    pytest.param(
        _give_no_endpoint,
        [("no_ready_endpoint", "block", ["Service shop/payments"])],
        id="no ready endpoint",
    ),
    pytest.param(
        lambda pair: pair.b.objects.delete(_service("payments")),
        [("service_missing", "block", ["Service shop/payments"])],
        id="service",
    ),
    pytest.param(_rename_port, [("service_ports", "block", ["Service shop/catalog"])], id="ports"),
    pytest.param(
        patch("/apis/apps/v1/namespaces/shop/deployments/frontend", {"spec": {"replicas": 1}}),
        [("replicas", "warn", ["Deployment shop/frontend"])],
        id="replicas",
    ),
    pytest.param(
        _put_idle_workload,
        [("workload_missing", "warn", ["Deployment shop/idle"])],
        id="workload",
    ),
]


@pytest.mark.parametrize(("make", "expected"), SERVING)
def test_each_other_difference_is_found(judge: Judge, make: Make, expected: Found) -> None:
    make(judge.pair)
    assert judge.found() == expected


def test_certificates_and_autoscalers_are_compared(rich: Judge) -> None:
    target, place = rich.pair.b, f"Secret istio-ingress/{richness.CERTIFICATE}"
    renewed = richness.secret()
    target.apply([renewed])
    result = rich.compare().result
    assert rich.found() == [("certificate_differs", "warn", [place])]
    assert renewed["data"]["tls.key"] not in json.dumps(dict(result))
    target.apply([richness.secret("other.example.com")])
    assert rich.found() == [("certificate_names", "block", [place])]
    target.objects.delete(target.objects.path(renewed))
    assert rich.found() == [("certificate_missing", "block", [place])]
    target.objects.delete(target.objects.path(richness.autoscaler()))
    expected = [{"code": "certificate_missing", "objects": [place]}]
    outcome = rich.compare(expected=expected)
    assert outcome.result["blocked"] is False
    assert rich.found()[-1] == ("autoscaler", "warn", ["Deployment shop/payments"])


def test_a_kind_that_the_target_does_not_know_is_found(judge: Judge) -> None:
    # A reset leaves definitions as they are.
    try:
        an_old_kind(judge.pair.a)
        assert judge.found() == [("kind_not_served", "block", ["TCPRoute"])]
        assert judge.found(back=True) == [("route_extra", "warn", ["TCPRoute shop/old"])]
    finally:
        judge.pair.a.kubectl("delete", "crd", TCP_ROUTES)
    assert judge.found() == []


def test_what_is_no_pair_is_refused(judge: Judge) -> None:
    same = {"kubeconfig": str(judge.pair.a.kubeconfig)}
    assert "it is the same cluster as the source" in judge.refused(target=same)
