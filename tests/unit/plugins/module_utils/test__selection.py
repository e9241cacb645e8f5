# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._selection import (
    Selection,
    read_namespaces,
)
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

WEB = Reference(namespace="shop", kind="Deployment", name="web")


def select(**given: Any) -> Selection:
    usual = {"namespaces": None, "namespace_selector": None, "workloads": None}
    return Selection.from_params({**usual, **given})


def cluster(*more: str) -> FakeApi:
    return FakeApi(
        mesh_objects.namespace("shop", team="a"),
        mesh_objects.namespace("mail", team="b"),
        *(mesh_objects.namespace(name) for name in more),
    )


@pytest.mark.parametrize(
    ("given", "names"),
    [
        pytest.param({}, ["mail", "shop"], id="everything"),
        pytest.param({"namespaces": ["shop", "shop"]}, ["shop"], id="names"),
        pytest.param({"namespace_selector": "team=b"}, ["mail"], id="selector"),
        pytest.param({"namespace_selector": "team=c"}, [], id="selector of none"),
        pytest.param(
            {"namespaces": ["shop"], "namespace_selector": "team=b"}, ["mail", "shop"], id="both"
        ),
        pytest.param({"workloads": ["shop/Deployment/web"]}, ["shop"], id="workloads"),
    ],
)
def test_reads_the_namespaces_of_a_selection(given: dict[str, Any], names: list[str]) -> None:
    found = read_namespaces(cluster(), select(**given))
    assert sorted(found) == names
    assert all("team" in labels for labels in found.values())


def test_few_names_need_no_right_to_list() -> None:
    api = cluster()
    read_namespaces(api, select(namespaces=["shop"]))
    assert api.reads == [("get", "Namespace")]
    many = [f"team-{number}" for number in range(9)]
    api = cluster(*many)
    assert sorted(read_namespaces(api, select(namespaces=many))) == many
    assert api.reads == [("list", "Namespace")]


@pytest.mark.parametrize(
    ("selection", "namespace", "owner", "expected"),
    [
        pytest.param(select(), "anywhere", None, True, id="everything"),
        pytest.param(select(namespaces=["shop"]), "shop", None, True, id="in it"),
        pytest.param(select(namespaces=["shop"]), "mail", WEB, False, id="outside"),
        pytest.param(select(workloads=["shop/Deployment/web"]), "shop", WEB, True, id="named"),
        pytest.param(select(workloads=["shop/Deployment/web"]), "shop", None, False, id="beside"),
    ],
)
def test_knows_which_pods_it_selects(
    selection: Selection, namespace: str, owner: Reference | None, expected: bool
) -> None:
    assert selection.has({"shop": {}}, namespace, owner) is expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"namespaces": []}, "namespaces: got an empty list", id="no names"),
        pytest.param({"workloads": []}, "workloads: got an empty list", id="no workloads"),
        pytest.param({"workloads": ["web"]}, "right is namespace/Kind/name", id="half a name"),
        pytest.param({"workloads": ["shop/Deployment/"]}, "right is namespace/Kind", id="no name"),
        pytest.param({"workloads": ["shop/Job/x"]}, "got the kind 'Job'", id="kind"),
    ],
)
def test_refuses_options_that_select_nothing(given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        select(**given)


@pytest.mark.parametrize("option", ["namespaces", "workloads"])
def test_names_that_do_not_exist_are_misspelt(option: str) -> None:
    names = ["shpo", "nowhere"]
    given = names if option == "namespaces" else [f"{name}/Deployment/web" for name in names]
    with pytest.raises(BadInputError) as caught:
        read_namespaces(cluster(), select(**{option: given}))
    assert caught.value.message == (
        f"{option}: the namespace 'shpo' does not exist (there is shop); the namespace 'nowhere'"
        " does not exist. Correct the list."
    )


def test_a_selector_that_the_api_server_refuses_is_the_users() -> None:
    api = cluster()
    api.failures["list", ""] = [ApiError("unable to parse", status=400)]
    with pytest.raises(BadInputError, match=r"namespace_selector: got 'team in', which .*parse"):
        read_namespaces(api, select(namespace_selector="team in"))
    api.failures["list", ""] = [ApiError("Grant it.", status=403)]
    with pytest.raises(ApiError, match="Grant it"):
        read_namespaces(api, select(namespace_selector="team=a"))
