# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils.compare import secret
from ansible_collections.meshwright.istio.plugins.module_utils.compare.config import Config
from ansible_collections.meshwright.istio.plugins.module_utils.compare.secret import Tls
from ansible_collections.meshwright.istio.plugins.module_utils.compare.serving import Load
from ansible_collections.meshwright.istio.plugins.module_utils.compare.topic import SORTS
from ansible_collections.meshwright.istio.tests.unit.support import (
    cluster_pairs,
    leaves,
    roots,
)
from ansible_collections.meshwright.istio.tests.unit.support.cluster_pairs import (
    GATEWAY_API,
    NETWORKING,
    custom,
)
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import workload

Names = set[tuple[str, str]]
EDGES = [
    Load.from_object(workload("edge", namespace=namespace, labels={"istio": "edge"}))
    for namespace in ("north", "south")
]


def istios(tls: Any, **selector: str) -> Config:
    spec = {"selector": selector, "servers": [{"hosts": ["*"], "tls": tls}, {"hosts": ["b"]}]}
    return Config.from_object(SORTS["Gateway"], custom(NETWORKING, "Gateway", "g", spec))


def of_the_api(*references: Any, kind: str = "Gateway") -> Config:
    listeners = [{"name": "a", "tls": {"certificateRefs": list(references)}}, {"name": "b"}]
    title = "Gateway.gateway.networking.k8s.io" if kind == "Gateway" else kind
    item = custom(GATEWAY_API, kind, "g", {"listeners": listeners})
    return Config.from_object(SORTS[title], item)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param(
            istios({"mode": "SIMPLE", "credentialName": "c"}, istio="edge"),
            {("north", "c"), ("south", "c")},
            id="where the gateway's pods are",
        ),
        pytest.param(
            istios({"mode": "SIMPLE", "credentialName": "c"}, istio="none"),
            {("shop", "c")},
            id="beside the object where there are no pods",
        ),
        pytest.param(
            istios({"mode": "MUTUAL", "credentialNames": ["c", "d"]}, app="none"),
            {("shop", "c"), ("shop", "c-cacert"), ("shop", "d"), ("shop", "d-cacert")},
            id="several, with the authority of clients",
        ),
        pytest.param(istios({"mode": "PASSTHROUGH"}, istio="edge"), set(), id="none"),
        pytest.param(
            of_the_api({"name": "c"}, {"name": "d", "namespace": "certs"}),
            {("shop", "c"), ("certs", "d")},
            id="Gateway API",
        ),
        pytest.param(
            of_the_api({"name": "c", "kind": "ConfigMap"}), set(), id="Gateway API, another kind"
        ),
        pytest.param(
            of_the_api({"name": "c"}, kind="ListenerSet"), {("shop", "c")}, id="ListenerSet"
        ),
    ],
)
def test_finds_the_secrets_of_a_gateway(config: Config, expected: Names) -> None:
    assert set(secret.wanted([config], EDGES)) == expected


def test_both_forms_of_a_secret_say_the_same() -> None:
    tls = cluster_pairs.secret("c", "n", tls_crt=leaves.SHOP, tls_key="k", ca_crt=roots.MESH)
    generic = cluster_pairs.secret("c", "n", cert=leaves.SHOP, key="k", cacert=roots.MESH)
    read = Tls.from_object(tls)
    assert read == Tls.from_object(generic)
    assert read.names == leaves.NAMES
    assert len(read.certificates) == len(read.authorities) == 1


def test_what_cannot_be_read_is_no_certificate() -> None:
    item = {"metadata": {}, "data": {"tls.crt": "no base64", "tls.key": ""}}
    assert Tls.from_object(item).certificates == ()
