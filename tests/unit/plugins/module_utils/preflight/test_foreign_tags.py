# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of other tools that a canary would write to when it moves the tags."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.tests.unit.support import control_planes
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_meshes import (
    codes,
    healthy,
    in_place,
    merged,
    shown,
    wanted,
)

Object = dict[str, Any]
FLUX = {"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/name": "mesh"}}}
CHART = {"operator.istio.io/component": "Pilot"}
NEVER = {"matchLabels": {"istio.io/deactivated": "never-match"}}


def helm(release: str = "istiod", labels: dict[str, str] | None = None) -> Object:
    annotations = {"meta.helm.sh/release-name": release}
    return {
        "metadata": {"annotations": annotations, "labels": {"release": release, **(labels or {})}}
    }


def tag(name: str = "prod", revision: str = "default") -> Object:
    return control_planes.webhook_configuration(
        f"istio-revision-tag-{name}", revision, tag=name, service="istiod"
    )


def service() -> Object:
    labels = {"istio.io/tag": "prod", "istio.io/rev": "default"}
    metadata = {"name": "istiod-revision-tag-prod", "namespace": "istio-system", "labels": labels}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": []}}


def injector(*, asleep: bool = False) -> Object:
    found = control_planes.webhook_configuration(
        "istio-sidecar-injector", "default", service="istiod"
    )
    if asleep:
        found["webhooks"] = [
            {**hook, "namespaceSelector": NEVER, "objectSelector": NEVER}
            for hook in found["webhooks"]
        ]
    return merged(found, helm())


@pytest.mark.parametrize(
    ("item", "named"),
    [
        pytest.param(
            merged(tag(), FLUX),
            "MutatingWebhookConfiguration istio-revision-tag-prod (flux)",
            id="a tag of Flux",
        ),
        pytest.param(
            merged(tag(), helm(labels=CHART)),
            "MutatingWebhookConfiguration istio-revision-tag-prod (helm)",
            id="a tag of Helm's chart",
        ),
        pytest.param(
            merged(control_planes.default_validator(), helm("istio-base")),
            "ValidatingWebhookConfiguration istiod-default-validator (helm)",
            id="the validator of Helm's chart base",
        ),
    ],
)
def test_what_moves_with_a_tag_is_found_before(item: Object, named: str) -> None:
    objects = [*healthy(), tag(), item]
    assert codes(objects, wanted()) == [("foreign_owner", "block")]
    assert named in shown(objects, wanted())
    # In place no tag moves.
    assert codes(objects, in_place()) == []


def test_the_service_of_a_tag_is_found_before() -> None:
    objects = [*healthy(), tag(), merged(service(), FLUX)]
    assert codes(objects, wanted()) == [("foreign_owner", "block")]
    assert "Service istiod-revision-tag-prod (flux)" in shown(objects, wanted())


def test_the_injector_that_gives_the_default_away_is_found_before() -> None:
    found = codes([*healthy(), injector()], wanted())
    assert ("foreign_owner", "block") in found
    assert "MutatingWebhookConfiguration istio-sidecar-injector (helm)" in shown(
        [*healthy(), injector()], wanted()
    )


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(injector(asleep=True), id="an injector that sleeps already"),
        pytest.param(
            merged(tag(), helm()),
            id="signs that istioctl has copied from the revision",
        ),
        pytest.param(
            merged(tag(revision="default-1"), FLUX), id="a tag of a revision that is not left"
        ),
    ],
)
def test_what_is_not_written_to_may_be_anybodys(item: Object) -> None:
    assert "foreign_owner" not in dict(codes([*healthy(), item], wanted()))
