# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.modules import route_weights
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

HTTP = ("gateway.networking.k8s.io/v1", "HTTPRoute", "edge", "birds")
VIRTUAL = ("networking.istio.io/v1", "VirtualService", "edge", "birds")
CONTROLLER = "example.net/controller"


def ref(name: str, weight: int | None = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "port": 80, **({} if weight is None else {"weight": weight}), **more}


def to(host: str, weight: int | None = None, **more: Any) -> dict[str, Any]:
    named = {"host": host, **more}
    return {"destination": named, **({} if weight is None else {"weight": weight})}


def route(*rules: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    spec = {"hostnames": ["birds.example.net"], "rules": [{"backendRefs": [*r]} for r in rules]}
    return _item(HTTP, spec, more)


def virtual(**rules: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    spec = {key: [{"route": [*each]} for each in listed] for key, listed in rules.items()}
    return _item(VIRTUAL, {"hosts": ["birds.example.net"], **spec}, {})


def _item(key: tuple[str, str, str, str], spec: Any, more: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {"name": key[3], "namespace": key[2], "generation": 3, **more.get("metadata", {})}
    status = {"status": more["status"]} if "status" in more else {}
    return {"apiVersion": key[0], "kind": key[1], "metadata": metadata, "spec": spec, **status}


def accepted(generation: int, *, status: str = "True") -> dict[str, Any]:
    condition = {
        "type": "Accepted",
        "status": status,
        "observedGeneration": generation,
        "reason": "NoMatchingParent",
    }
    parent = {"name": "public"}
    return {
        "parents": [{"parentRef": parent, "controllerName": CONTROLLER, "conditions": [condition]}]
    }


def ask(api: FakeApi, *, check: bool = False, **options: Any) -> dict[str, Any]:
    arguments = {
        "kind": "HTTPRoute",
        "name": "birds",
        "namespace": "edge",
        "source_backend": "heron",
        "target_backend": "stork",
        **options,
    }
    return run_module(route_weights, api, arguments, check=check)


def test_sets_every_rule_with_both_and_then_has_nothing_to_do() -> None:
    api = FakeApi(
        route(
            [ref("heron", 100), ref("stork", 0)],
            [ref("heron")],
            [ref("stork", 1), ref("crane", 0), ref("heron", 1, namespace="lake")],
        )
    )
    first = ask(api, share=25)
    assert (first["rc"], first["changed"], first["share"], first["holds"]) == (0, True, 25, True)
    rules = [each["backendRefs"] for each in api.objects[HTTP]["spec"]["rules"]]
    assert rules == [
        [ref("heron", 75), ref("stork", 25)],
        [ref("heron")],
        [ref("stork", 25), ref("crane", 0), ref("heron", 75, namespace="lake")],
    ]
    assert api.objects[HTTP]["spec"]["hostnames"] == ["birds.example.net"]
    assert first["warnings"] == [
        "rules[1] of HTTPRoute edge/birds lead to heron and not to stork, and stay so."
    ]
    assert (first["untouched"], len(first["diff"])) == (["rules[1]"], 1)
    api.writes.clear()
    second = ask(api, share=25)
    assert (second["changed"], second["diff"], api.writes) == (False, [], [])


def test_sets_all_kinds_of_routes_of_a_virtual_service() -> None:
    api = FakeApi(
        virtual(
            http=[[to("heron", 100), to("stork", 0)], [to("heron")]],
            tls=[[to("heron", 30), to("stork", 70)]],
            tcp=[[to("stork", 5), to("heron", 95)]],
        )
    )
    assert ask(api, kind="VirtualService", share=5)["holds"] is True
    spec = api.objects[VIRTUAL]["spec"]
    assert {key: [each["route"] for each in spec[key]] for key in ("http", "tls", "tcp")} == {
        "http": [[to("heron", 95), to("stork", 5)], [to("heron")]],
        "tls": [[to("heron", 95), to("stork", 5)]],
        "tcp": [[to("stork", 5), to("heron", 95)]],
    }


def test_finds_backends_by_namespace_and_by_subset() -> None:
    lakes = [ref("pond", 3, namespace="a"), ref("pond", 1, namespace="b")]
    api = FakeApi(route(lakes), virtual(http=[[to("p", 9, subset="x"), to("p", 1, subset="y")]]))
    assert ask(api, source_backend="a/pond", target_backend="b/pond")["share"] == 25
    found = ask(api, kind="VirtualService", source_backend="p/x", target_backend="p/y")
    assert found["share"] == 10


def test_a_backend_without_a_weight_counts_as_one() -> None:
    assert ask(FakeApi(route([ref("heron"), ref("stork")])))["share"] == 50


def test_check_mode_says_the_same_and_writes_nothing() -> None:
    api = FakeApi(route([ref("heron", 100), ref("stork", 0)]))
    predicted = ask(api, check=True, share=50)
    assert api.writes == []
    real = ask(api, share=50)
    assert (predicted["changed"], predicted["diff"]) == (real["changed"], real["diff"])


def test_check_mode_finds_out_that_rights_are_missing() -> None:
    api = FakeApi(route([ref("heron", 100), ref("stork", 0)]))
    api.failures["patch", "birds"] = [ApiError("The API server refused it.", status=403)]
    result = ask(api, share=50, check=True)
    assert (result["msg"], api.writes) == ("The API server refused it.", [])


DOUBTS = {
    "rules that differ": (
        route([ref("heron", 3), ref("stork", 1)], [ref("heron", 1), ref("stork", 1)]),
        "stork has 25 % in rules[0] of HTTPRoute edge/birds and 50 % in rules[1]",
    ),
    "a third": (
        route([ref("heron", 3), ref("stork", 1), ref("crane", 1)]),
        "crane gets a part in rules[0] of HTTPRoute edge/birds",
    ),
    "nothing": (
        route([ref("heron", 0), ref("stork", 0)]),
        "both weights are 0 in rules[0] of HTTPRoute edge/birds",
    ),
    "not seen": (
        route([ref("heron", 1), ref("stork", 1)], status=accepted(2)),
        f"{CONTROLLER} has not seen it for public yet",
    ),
    "not accepted": (
        route([ref("heron", 1), ref("stork", 1)], status=accepted(3, status="False")),
        "public does not accept it: NoMatchingParent",
    ),
}


@pytest.mark.parametrize("name", DOUBTS)
def test_says_why_a_share_does_not_hold(name: str) -> None:
    item, reason = DOUBTS[name]
    result = ask(FakeApi(item))
    assert (result["holds"], result["reason"]) == (False, reason)


def test_waits_until_the_controller_has_seen_it() -> None:
    api = FakeApi(route([ref("heron", 1), ref("stork", 0)], status=accepted(3)))

    def control(_api: FakeApi, _event: str, item: dict[str, Any]) -> None:
        metadata = {**item["metadata"], "generation": 4}
        api.put({**item, "metadata": metadata})
        api.put({**item, "metadata": metadata, "status": accepted(4)})

    api.on_write = control
    assert ask(api, share=50)["holds"] is True


def test_fails_where_the_controller_does_not_accept_it_in_time() -> None:
    item = route([ref("heron", 1), ref("stork", 0)], status=accepted(3, status="False"))
    result = ask(FakeApi(item), share=50, wait_timeout=1)
    assert "HTTPRoute edge/birds: public does not accept it: NoMatchingParent" in result["msg"]


def test_never_overwrites_what_another_has_written_meanwhile() -> None:
    api = FakeApi(route([ref("heron", 1), ref("stork", 0)]))
    patch = api.patch

    def patched(*arguments: Any, **settings: Any) -> Any:
        api.patch = patch  # type: ignore[method-assign]
        api.put(route([ref("heron", 1), ref("stork", 0)], [ref("crane", 7)]))
        return patch(*arguments, **settings)

    api.patch = patched  # type: ignore[method-assign]
    assert ask(api, share=50)["rc"] == 0
    rules = [each["backendRefs"] for each in api.objects[HTTP]["spec"]["rules"]]
    assert rules == [[ref("heron", 50), ref("stork", 50)], [ref("crane", 7)]]


def test_names_who_wrote_last_and_whom_it_belongs_to() -> None:
    def entry(manager: str, time: str, field: str = "f:spec", **more: str) -> dict[str, Any]:
        return {"manager": manager, "time": time, "fieldsV1": {field: {}}, **more}

    fields = [
        entry("kubectl", "2026-03-01T10:00:00Z"),
        entry("night-shift", "2026-03-02T10:00:00Z"),
        entry("labeller", "2026-03-03T10:00:00Z", "f:metadata"),
        entry("controller", "2026-03-04T10:00:00Z", subresource="status"),
    ]
    labels = {"argocd.argoproj.io/instance": "edge"}
    metadata = {"managedFields": fields, "labels": labels}
    api = FakeApi(route([ref("heron", 1), ref("stork", 0)], metadata=metadata))
    result = ask(api, share=50, check=True)
    assert result["writer"] == "night-shift"
    assert result["warnings"] == [
        "HTTPRoute edge/birds belongs to argo_cd, which may put other weights back."
    ]
    assert ask(FakeApi(route([ref("heron"), ref("stork")])))["writer"] == ""


PAIR = [ref("heron", 1), ref("stork", 0)]
REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no such route": (virtual(), {}, "There is no HTTPRoute edge/birds. Name the one"),
    "no rule with both": (
        route([ref("heron")], [ref("crane"), ref("stork")]),
        {},
        "HTTPRoute edge/birds has no rule with both heron and stork. Write one; the backends that"
        " it names are crane, heron, stork.",
    ),
    "a rule with nothing": (route([]), {}, "the backends that it names are none at all."),
    "one twice": (
        route([ref("heron", 1), ref("heron", 2), ref("stork", 0)]),
        {},
        "names heron more than once in rules[0]",
    ),
    "a third": (
        route([ref("heron", 1), ref("stork", 0), ref("crane", 1), ref("crane", 0)]),
        {},
        "has more than the two backends that get requests in rules[0]: crane.",
    ),
    "the same": (route(PAIR), {"target_backend": "heron"}, "are both heron; right are two"),
    "too much": (route(PAIR), {"share": 101}, "share: got 101; right is a whole number"),
    "no patience": (route(PAIR), {"wait_timeout": 0}, "wait_timeout: got 0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_in_one_sentence_and_writes_nothing(name: str) -> None:
    item, options, sentence = REFUSED[name]
    api = FakeApi(item)
    result = ask(api, **{"share": 5, **options})
    assert (result["rc"], api.writes) == (1, [])
    assert sentence in result["msg"]


def test_refuses_what_is_no_kind_of_route() -> None:
    assert "value of kind must be one of" in ask(FakeApi(), kind="GRPCRoute")["msg"]
