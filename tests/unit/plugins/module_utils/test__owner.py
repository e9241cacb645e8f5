# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _owner
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import ObjectName

TARGET = ObjectName(kind=_kinds.SERVICE, name="istiod", namespace="istio-system")


@pytest.mark.parametrize(
    ("metadata", "owner"),
    [
        pytest.param({}, None, id="nobody's"),
        pytest.param({"labels": {"operator.istio.io/managed": "Reconcile"}}, None, id="istioctl's"),
        pytest.param({"labels": {"managed-by": "sail-operator"}}, "sail", id="Sail"),
        pytest.param({"annotations": {"meta.helm.sh/release-name": "istiod"}}, "helm", id="Helm"),
        pytest.param(
            {"labels": {"argocd.argoproj.io/instance": "mesh"}}, "argo_cd", id="Argo CD by label"
        ),
        pytest.param(
            {"annotations": {"argocd.argoproj.io/tracking-id": "mesh:x"}}, "argo_cd", id="Argo CD"
        ),
        pytest.param({"labels": {"kustomize.toolkit.fluxcd.io/name": "mesh"}}, "flux", id="Flux"),
        # Flux drives Helm: the release is not who decides.
        pytest.param(
            {
                "labels": {"helm.toolkit.fluxcd.io/name": "istiod"},
                "annotations": {"meta.helm.sh/release-name": "istiod"},
            },
            "flux",
            id="Flux with Helm",
        ),
    ],
)
def test_knows_who_would_undo_a_change(
    metadata: dict[str, dict[str, str]], owner: str | None
) -> None:
    item = {"metadata": metadata}
    assert _owner.find_owner(item) == owner
    if owner is None:
        _owner.refuse_foreign(TARGET, item, ())
        return
    with pytest.raises(RefusedError, match=rf"or set take_over: \[{owner}\]") as caught:
        _owner.refuse_foreign(TARGET, item, ["someone else"])
    assert caught.value.message.startswith(f"Service istio-system/istiod belongs to {owner}")
    assert caught.value.details["owner"] == owner
    _owner.refuse_foreign(TARGET, item, [owner])
