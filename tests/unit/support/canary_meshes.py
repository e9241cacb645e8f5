# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Meshes with a control plane 1-30 and what asks for it, for tests of canaries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.meshwright.istio.tests.unit.support import (
    control_planes,
    gateways,
    mesh_objects,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

Object = dict[str, Any]


def tag(name: str, revision: str) -> Object:
    """The webhooks of a tag."""
    return control_planes.webhook_configuration(
        f"istio-revision-tag-{name}", revision, tag=name, service=f"istiod-{revision}"
    )


def plane(revision: str, version: str) -> list[Object]:
    """A control plane that answers."""
    return [
        *control_planes.revision(revision),
        mesh_objects.istiod(revision, f"hub.example.org/pilot:{version}"),
    ]


def pod(name: str, namespace: str, revision: str | None, **labels: str) -> Object:
    """A pod of the Deployment of the same name."""
    names = {"rev": "istio.io/rev", "inject": "sidecar.istio.io/inject"}
    return mesh_objects.pod(
        f"{name}-x",
        namespace,
        revision=revision,
        deployment=name,
        labels={names[key]: value for key, value in labels.items()},
    )


def owned_by(item: Object, **owner: Any) -> Object:
    """The same pod of another owner, or of none."""
    return {**item, "metadata": {**item["metadata"], "ownerReferences": [owner] if owner else []}}


def mesh(*objects: Mapping[str, Any]) -> FakeApi:
    """A mesh on 1-30, asked for by name, by the tag prod and by the tag default."""
    return FakeApi(
        *plane("1-30", "1.30.4"),
        tag("default", "1-30"),
        tag("prod", "1-30"),
        mesh_objects.namespace("istio-system"),
        mesh_objects.namespace("lab", rev="1-30"),
        mesh_objects.namespace("shop", rev="prod"),
        mesh_objects.namespace("plain"),
        pod("istiod-1-30", "istio-system", None, rev="1-30"),
        pod("probe", "lab", "1-30"),
        pod("web", "shop", "1-30"),
        pod("cart", "shop", "1-30"),
        *objects,
    )


def gateway(name: str, namespace: str, revision: str) -> list[Object]:
    """A gateway's Deployment with one pod."""
    item = gateways.gateway(name, labels={"istio.io/rev": revision})
    item["metadata"]["namespace"] = namespace
    return [item, pod(name, namespace, revision, rev=revision)]
