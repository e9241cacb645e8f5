# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _operator
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision

REVISION = Revision(name="1-31", namespace="istio-system")
HEAD = {"apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator"}
PARAMS: dict[str, Any] = {
    "operator_files": [],
    "operator": None,
    "values_files": [],
    "values": None,
    "hub": None,
    "image_pull_secrets": [],
    "replicas": None,
    "cni": False,
}


def documents(revision: Revision = REVISION, **given: Any) -> list[dict[str, Any]]:
    return _operator.documents({**PARAMS, **given}, revision)


def test_without_options_it_is_the_smallest_profile_of_the_revision() -> None:
    metadata = {"namespace": "istio-system"}
    settings = {"istioNamespace": "istio-system"}
    assert documents() == [
        {**HEAD, "metadata": metadata, "spec": {"profile": "minimal"}},
        {
            **HEAD,
            "metadata": metadata,
            "spec": {"revision": "1-31", "values": {"revision": "1-31", "global": settings}},
        },
    ]


def test_the_one_without_a_revision_has_an_empty_one() -> None:
    last = documents(Revision(name="default", namespace="mesh"))[-1]
    assert (last["spec"]["revision"], last["spec"]["values"]["revision"]) == ("", "")
    assert last["spec"]["values"]["global"]["istioNamespace"] == "mesh"


def test_the_options_have_the_last_word() -> None:
    last = documents(
        hub="hub.example.org/istio/", image_pull_secrets=["regcred"], replicas=3, cni=True
    )[-1]["spec"]
    assert last["hub"] == "hub.example.org/istio" == last["values"]["global"]["hub"]
    assert last["values"]["global"]["imagePullSecrets"] == ["regcred"]
    assert last["values"]["pilot"] == {"replicaCount": 3, "autoscaleEnabled": False}
    assert last["components"] == {
        "cni": {"enabled": True},
        "pilot": {"k8s": {"replicaCount": 3}},
    }


def test_later_documents_overrule_earlier_ones(tmp_path: Path) -> None:
    operator, values = tmp_path / "operator.yml", tmp_path / "values.yml"
    operator.write_text("kind: IstioOperator\nmetadata: {name: mine}\nspec: {hub: a}\n")
    values.write_text("---\npilot: {cpu: 1}\n...\n")
    found = documents(
        operator_files=[str(operator)],
        operator={"spec": {"hub": "b"}},
        values_files=[str(values)],
        values={"pilot": {"cpu": 2}},
    )
    assert found[1:-1] == [
        {**HEAD, "metadata": {"name": "mine"}, "spec": {"hub": "a"}},
        {**HEAD, "spec": {"hub": "b"}},
        {**HEAD, "spec": {"values": {"pilot": {"cpu": 1}}}},
        {**HEAD, "spec": {"values": {"pilot": {"cpu": 2}}}},
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: 1\n---\nb: 2\n", id="two documents"),
        pytest.param("", id="none"),
        pytest.param("[1, 2]", id="a list"),
        pytest.param("a: [", id="no YAML"),
        pytest.param(None, id="no file"),
    ],
)
@pytest.mark.parametrize("option", ["values_files", "operator_files"])
def test_names_the_option_of_a_file_that_cannot_be_used(
    tmp_path: Path, text: str | None, option: str
) -> None:
    path = tmp_path / "given.yml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadInputError, match=f"^{option}: '{path}'"):
        documents(**{option: [str(path)]})


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        pytest.param(
            {"pilot": {}}, r"got a IstioOperator with the keys \['pilot'\]", id="Helm values"
        ),
        pytest.param({"kind": "Istio", "spec": {}}, "got a Istio with", id="another kind"),
        pytest.param({"spec": ["hub"]}, "right is an IstioOperator with a spec", id="no mapping"),
        pytest.param(
            {"spec": {"revision": "1-30"}},
            "spec.revision is '1-30', but the option revision says '1-31'",
            id="revision",
        ),
        pytest.param(
            {"spec": {"values": {"revision": "1-30"}}}, "spec.values.revision is '1-30'", id="value"
        ),
        pytest.param(
            {"metadata": {"namespace": "mesh"}, "spec": {}},
            "metadata.namespace is 'mesh', but the option istio_namespace says 'istio-system'",
            id="namespace",
        ),
        pytest.param(
            {"spec": {"values": {"global": {"istioNamespace": "mesh"}}}},
            "istioNamespace is 'mesh'",
            id="namespace among the values",
        ),
        pytest.param(
            {"spec": {"values": {"revisionTags": ["prod"]}}},
            r"revisionTags is \['prod'\]; a tag outlives",
            id="tags",
        ),
    ],
)
def test_refuses_documents_that_say_something_else(operator: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError, match=f"^operator: .*{message}"):
        documents(operator=operator)


@pytest.mark.parametrize(
    ("revision", "operator"),
    [
        pytest.param(
            "1-31", {"spec": {"revision": "1-31", "namespace": "istio-system"}}, id="same"
        ),
        pytest.param("default", {"spec": {"revision": ""}}, id="no revision"),
        pytest.param("1-31", {"spec": {"revision": ""}}, id="left to the options"),
        pytest.param("default", {"spec": {"revision": "default"}}, id="default"),
        pytest.param("1-31", {"spec": {"values": "text"}}, id="values that are none"),
    ],
)
def test_lets_documents_repeat_what_the_options_say(
    revision: str, operator: dict[str, Any]
) -> None:
    found = documents(Revision(name=revision, namespace="istio-system"), operator=operator)
    assert found[1] == {**HEAD, **operator}
