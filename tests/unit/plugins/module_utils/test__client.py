# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.meshwright.istio.plugins.module_utils import _client, _kinds, _wire
from ansible_collections.meshwright.istio.plugins.module_utils._client import Client
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError, MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._kubeconfig import Connection
from ansible_collections.meshwright.istio.plugins.module_utils._wire import Schema
from ansible_collections.meshwright.istio.tests.unit.support.stub_server import Answer, serving


def asked_by(call: Any, *answers: Answer) -> tuple[Any, list[Any]]:
    """The call's result and what the server was asked."""
    with serving(*answers) as stub:
        return call(Client(Connection(server=stub.url))), stub.asked


def test_get_of_a_missing_object_is_none() -> None:
    result, asked = asked_by(lambda api: api.get(_kinds.POD, "p", "n"), Answer(404))
    assert result is None
    assert asked[0].path == "/api/v1/namespaces/n/pods/p"


def test_get_raises_other_refusals() -> None:
    with serving(Answer(403)) as stub, pytest.raises(ApiError):
        Client(Connection(server=stub.url)).get(_kinds.NAMESPACE, "n")


def test_list_reads_every_page_and_names_the_kind() -> None:
    pages = (
        Answer(200, {"metadata": {"continue": "more"}, "items": [{"metadata": {"name": "a"}}]}),
        Answer(200, {"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "b"}}]}),
    )
    (items, version), asked = asked_by(
        lambda api: api.list_with_version(_kinds.DEPLOYMENT, label_selector="a=b"), *pages
    )
    assert [item["metadata"]["name"] for item in items] == ["a", "b"]
    assert {item["kind"] for item in items} == {"Deployment"}
    assert version == "7"
    assert "continue=more" in asked[1].path
    assert all("labelSelector=a%3Db" in each.path for each in asked)


def test_list_of_a_kind_that_does_not_exist_is_empty() -> None:
    result, _asked = asked_by(lambda api: api.list(_kinds.ROLLOUT), Answer(404))
    assert result == []


def test_pages_with_a_schema_ask_for_the_binary_encoding() -> None:
    answers = (
        Answer(
            200,
            # One page with one item, whose field 1 is `web`; the other page is JSON.
            b"k8s\0\x12\x14\x0a\x09\x12\x017\x1a\x04more\x12\x07\x0a\x05\x0a\x03web",
            {"Content-Type": "application/vnd.kubernetes.protobuf"},
        ),
        Answer(200, {"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "b"}}]}),
    )
    schema = Schema({1: ("metadata", Schema({1: ("name", str)}))})
    pages, asked = asked_by(lambda api: list(api.pages(_kinds.POD, schema=schema)), *answers)
    assert [(item["metadata"]["name"], item["kind"]) for items, _v in pages for item in items] == [
        ("web", "Pod"),
        ("b", "Pod"),
    ]
    assert "continue=more" in asked[1].path
    assert {each.header("Accept") for each in asked} == {_wire.ACCEPT}


def test_pages_with_a_schema_of_a_kind_that_does_not_exist_are_none() -> None:
    pages, _asked = asked_by(
        lambda api: list(api.pages(_kinds.ROLLOUT, schema=Schema({}))), Answer(404)
    )
    assert pages == []


def test_pages_with_a_schema_raise_other_refusals() -> None:
    with serving(Answer(403)) as stub, pytest.raises(ApiError):
        list(Client(Connection(server=stub.url)).pages(_kinds.POD, schema=Schema({})))


def test_list_passes_the_field_selector() -> None:
    empty = Answer(200, {"metadata": {}, "items": None})
    _result, asked = asked_by(lambda api: api.list(_kinds.POD, field_selector="x=y"), empty)
    assert "fieldSelector=x%3Dy" in asked[0].path


WRITES = [
    pytest.param(
        lambda api: api.create(_kinds.POD, {"a": 1}, "n", dry_run=True),
        ("POST", "/api/v1/namespaces/n/pods", "application/json", True),
        id="create, dry run",
    ),
    pytest.param(
        lambda api: api.patch(_kinds.NAMESPACE, "n", {"a": 1}),
        ("PATCH", "/api/v1/namespaces/n", "application/merge-patch+json", False),
        id="merge patch",
    ),
    pytest.param(
        lambda api: api.patch(
            _kinds.DEPLOYMENT, "d", {"a": 1}, "n", patch_type="strategic", subresource="scale"
        ),
        (
            "PATCH",
            "/apis/apps/v1/namespaces/n/deployments/d/scale",
            "application/strategic-merge-patch+json",
            False,
        ),
        id="strategic patch of a subresource",
    ),
    pytest.param(
        lambda api: api.apply(
            _kinds.CONFIG_MAP,
            {"a": 1, "metadata": {"name": "c", "namespace": "n"}},
            field_manager="me",
            dry_run=True,
        ),
        ("PATCH", "/api/v1/namespaces/n/configmaps/c", "application/apply-patch+yaml", True),
        id="server-side apply, dry run",
    ),
    pytest.param(
        lambda api: api.replace(
            _kinds.LEASE, {"a": 1, "metadata": {"name": "l", "namespace": "n"}}
        ),
        (
            "PUT",
            "/apis/coordination.k8s.io/v1/namespaces/n/leases/l",
            "application/json",
            False,
        ),
        id="replace",
    ),
    pytest.param(
        lambda api: api.evict("p", "n"),
        ("POST", "/api/v1/namespaces/n/pods/p/eviction", "application/json", False),
        id="evict",
    ),
]


@pytest.mark.parametrize(("call", "expected"), WRITES)
def test_write_is_one_request(call: Any, expected: tuple[str, str, str, bool]) -> None:
    _result, asked = asked_by(call, Answer())
    (request,) = asked
    method, path, content_type, dry_run = expected
    assert (request.method, request.path.split("?")[0]) == (method, path)
    assert request.header("Content-Type") == content_type
    assert ("dryRun=All" in request.path) is dry_run


def test_apply_names_its_field_manager() -> None:
    body = {"metadata": {"name": "n"}}
    _result, asked = asked_by(
        lambda api: api.apply(_kinds.NAMESPACE, body, field_manager="me", force=False), Answer()
    )
    assert "fieldManager=me" in asked[0].path
    assert "force=false" in asked[0].path


@pytest.mark.parametrize(("status", "expected"), [(200, True), (404, False)])
def test_delete_says_whether_there_was_something(status: int, expected: bool) -> None:
    result, asked = asked_by(
        lambda api: api.delete(_kinds.POD, "p", "n", dry_run=True), Answer(status)
    )
    assert result is expected
    assert "dryRun=All" in asked[0].path


def test_watch_asks_from_a_version_for_a_time() -> None:
    event = b'{"type":"ADDED","object":{}}\n'
    result, asked = asked_by(
        lambda api: list(
            api.watch(_kinds.POD, "n", resource_version="5", label_selector="a", seconds=3)
        ),
        Answer(200, event),
    )
    assert result == [("ADDED", {})]
    for part in ("resourceVersion=5", "timeoutSeconds=3", "labelSelector=a", "watch=true"):
        assert part in asked[0].path


def test_find_kind_knows_the_table_without_a_request() -> None:
    result, asked = asked_by(lambda api: api.find_kind("apps/v1", "Deployment"), Answer())
    assert (result, asked) == (_kinds.DEPLOYMENT, [])


def test_find_kind_asks_for_others() -> None:
    resources = {
        "resources": [
            {"name": "things/status", "kind": "Thing", "namespaced": True},
            {"name": "things", "kind": "Thing", "namespaced": True},
        ]
    }
    result, asked = asked_by(lambda api: api.find_kind("x.io/v1", "Thing"), Answer(200, resources))
    assert result == Kind(api_version="x.io/v1", kind="Thing", plural="things", namespaced=True)
    assert asked[0].path == "/apis/x.io/v1"


@pytest.mark.parametrize("answer", [Answer(404), Answer(200, {"resources": []})])
def test_find_kind_is_none_for_the_unknown(answer: Answer) -> None:
    assert asked_by(lambda api: api.find_kind("v9", "Thing"), answer)[0] is None


def test_version_is_that_of_the_server() -> None:
    assert asked_by(lambda api: api.version(), Answer(200, {"minor": "35"}))[0] == {"minor": "35"}


def test_each_keeps_the_order_and_raises_after_all_ended() -> None:
    done: list[int] = []

    def work(number: int) -> int:
        done.append(number)
        if number == 1:
            raise ApiError("one", status=500)
        return number * 2

    with serving(Answer()) as stub:
        api = Client(Connection(server=stub.url))
        assert api.each(lambda number: number * 2, range(40)) == [n * 2 for n in range(40)]
        with pytest.raises(ApiError, match="one"):
            api.each(work, range(20))
    assert sorted(done) == list(range(20))


def test_a_missing_package_is_named_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_client, "URLLIB3_ERROR", ImportError("No module named 'urllib3'"))
    with pytest.raises(MeshError, match="lacks the package urllib3"):
        _client.create_client(None)  # type: ignore[arg-type]


# As it is given, and as it stands in what Python or JSON writes.
SECRET, ESCAPED = "a token\nof two lines", "a token\\nof two lines"
WITH_SECRET = {
    "clusters": [{"name": "c", "cluster": {"server": "https://api.test"}}],
    "users": [{"name": "u", "user": {"token": SECRET}}],
}


def test_the_secrets_of_a_kubeconfig_are_not_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []
    monkeypatch.setattr(AnsibleModule, "log", lambda _self, msg, **_more: logged.append(msg))
    with patch_module_args({"kubeconfig": WITH_SECRET}):
        _client.create_module({})
    (text,) = logged
    assert "https://api.test" in text
    assert SECRET not in text
    assert ESCAPED not in text


def test_the_secrets_of_a_kubeconfig_are_in_no_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    given = {"kubeconfig": WITH_SECRET, "unheard_of": 1, "_ansible_inject_invocation": True}
    with patch_module_args(given), pytest.raises(SystemExit):
        _client.create_module({})
    text = capsys.readouterr().out
    assert "unheard_of" in json.loads(text)["msg"]
    assert "https://api.test" in text
    assert ESCAPED not in text
