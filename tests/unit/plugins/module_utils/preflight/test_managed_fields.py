# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import managed_fields

Object = dict[str, Any]
REPLICAS = {"f:spec": {"f:replicas": {}}}
OPERATOR = {"manager": "istio-operator", "fieldsV1": {"f:spec": {"f:template": {}}}}


def managed(manager: str, fields: Object, **entry: Any) -> Object:
    return {"managedFields": [{"manager": manager, "fieldsV1": fields, **entry}]}


def test_what_was_changed_by_hand_is_named() -> None:
    fields = {
        "f:spec": {
            "f:replicas": {},
            "f:template": {
                "f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/restartedAt": {}}},
                "f:spec": {
                    "f:containers": {'k:{"name":"discovery"}': {".": {}, "f:resources": {}}}
                },
            },
        }
    }
    item = {"metadata": managed("kubectl-set", fields)}
    assert managed_fields.edits(item) == [
        "spec.replicas",
        'spec.template.spec.containers[{"name":"discovery"}].resources',
    ]


@pytest.mark.parametrize(
    ("entries", "edits"),
    [
        pytest.param(
            [{"manager": "kubectl-client-side-apply", "fieldsV1": REPLICAS}],
            [],
            id="kubectl has installed it",
        ),
        pytest.param(
            [OPERATOR, {"manager": "kubectl-client-side-apply", "fieldsV1": REPLICAS}],
            ["spec.replicas"],
            id="istioctl has installed it",
        ),
        pytest.param(
            [{"manager": "kubectl", "subresource": "scale", "fieldsV1": REPLICAS}],
            ["spec.replicas"],
            id="scaled by hand",
        ),
        pytest.param([{"manager": "kubectl-edit"}], [], id="no field"),
        pytest.param([], [], id="nobody knows"),
    ],
)
def test_a_file_that_was_applied_is_a_change_only_beside_an_installer(
    entries: list[Object], edits: list[str]
) -> None:
    assert managed_fields.edits({"metadata": {"managedFields": entries}}) == edits


def test_who_wrote_a_field_is_known() -> None:
    fields = {"f:metadata": {"f:labels": {"f:istio.io/rev": {}}}}
    item = {"metadata": managed("argocd-controller", fields)}
    assert managed_fields.writers(item, "metadata", "labels", "istio.io/rev") == [
        "argocd-controller"
    ]
    assert managed_fields.writers(item, "metadata", "labels", "app") == []
    assert managed_fields.writers(item, "spec", "replicas") == []
