# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""An object as it is to be in the target, and whether what is there says the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import (
    annotations_of,
    labels_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import REVISION_LABEL
from ansible_collections.meshwright.istio.plugins.module_utils.compare.config import Config
from ansible_collections.meshwright.istio.plugins.module_utils.compare.scope import (
    INJECTION_LABEL,
    MODE_LABEL,
)
from ansible_collections.meshwright.istio.plugins.module_utils.compare.secret import Tls
from ansible_collections.meshwright.istio.plugins.module_utils.compare.topic import Sort

# By these another tool knows its own; in the target it would change or delete what it did not make.
_OWNERS = (
    "app.kubernetes.io/managed-by",
    "argocd.argoproj.io/",
    "config.kubernetes.io/",
    "fluxcd.io/",
    "helm.sh/",
    "helm.toolkit.fluxcd.io/",
    "kapp.k14s.io/",
    "kubectl.kubernetes.io/",
    "kustomize.toolkit.fluxcd.io/",
    "meta.helm.sh/",
)
# What a Secret of a gateway may hold; anything else in it is none of ours.
_TLS_KEYS = ("tls.crt", "tls.key", "ca.crt", "ca.crl", "cert", "key", "cacert", "crl")
_INJECTION = (INJECTION_LABEL, MODE_LABEL, REVISION_LABEL)
_OWN_NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One object to be in the target; `sort` is None for a Secret."""

    title: str
    kind: Kind
    namespace: str
    document: Object
    sort: Sort | None = None

    @property
    def name(self) -> str:
        return str(self.document["metadata"]["name"])

    def __str__(self) -> str:
        return f"{self.title} {self.namespace}/{self.name}"

    def is_said_by(self, item: Object) -> bool:
        """Whether an object says all of it, and nothing that contradicts it."""
        return (
            self._content(item) == self._content(self.document)
            and labels_of(item).get(REVISION_LABEL) == labels_of(self.document).get(REVISION_LABEL)
            and labels_of(self.document).items() <= labels_of(item).items()
            and annotations_of(self.document).items() <= annotations_of(item).items()
        )

    def shown(self, item: Object) -> Object:
        """An object as it is shown in a diff."""
        metadata = {
            key: item["metadata"][key]
            for key in ("name", "namespace", "labels", "annotations")
            if item["metadata"].get(key)
        }
        head = {"apiVersion": self.kind.api_version, "kind": self.kind.kind, "metadata": metadata}
        if self.sort is not None:
            return {**head, "spec": item.get("spec") or {}}
        tls = Tls.from_object(item)
        return {
            **head,
            "certificates": list(tls.certificates),
            "authorities": sorted(tls.authorities),
            "key": "as in the source"
            if self._content(item) == self._content(self.document)
            else "another than in the source",
        }

    def in_place_of(self, live: Object) -> Object:
        """The object that replaces one of which others keep parts that shall not be there."""
        metadata = self.document["metadata"]
        labels = {key: value for key, value in labels_of(live).items() if key != REVISION_LABEL}
        return {
            **live,
            **{key: value for key, value in self.document.items() if key != "metadata"},
            "metadata": {
                **live["metadata"],
                "labels": {**labels, **metadata.get("labels", {})},
                "annotations": {**annotations_of(live), **metadata.get("annotations", {})},
            },
        }

    def _content(self, item: Object) -> Any:
        if self.sort is None:
            data = item.get("data") or {}
            return {key: data[key] for key in _TLS_KEYS if key in data}
        # The target may serve another version of the kind, which means the same.
        return Config.from_object(self.sort, item).meaning["spec"]


def of_config(config: Config, kind: Kind, revision: str | None) -> Wanted:
    """A configuration object for the target."""
    labels = _kept(labels_of(config.document))
    if labels.pop(REVISION_LABEL, None) is not None and revision is not None:
        labels[REVISION_LABEL] = revision
    document = _document(kind, config.document, labels)
    return Wanted(
        title=config.sort.title,
        kind=kind,
        namespace=config.namespace,
        document={**document, "spec": config.document.get("spec") or {}},
        sort=config.sort,
    )


def of_secret(item: Object) -> Wanted:
    """A gateway's Secret for the target, with no more than what TLS needs."""
    data = item.get("data") or {}
    document = _document(_kinds.SECRET, item, _kept(labels_of(item)))
    return Wanted(
        title="Secret",
        kind=_kinds.SECRET,
        namespace=item["metadata"]["namespace"],
        document={
            **document,
            "type": item.get("type", "Opaque"),
            "data": {key: data[key] for key in _TLS_KEYS if key in data},
        },
    )


def of_namespace(item: Object, revision: str | None, *, injection: bool) -> Object:
    """A namespace for the target; how its pods come into the mesh only where that is wanted."""
    labels = _kept(labels_of(item))
    labels.pop(_OWN_NAME, None)
    for key in _INJECTION:
        value = labels.pop(key, None)
        if value is not None and injection:
            labels[key] = (revision or value) if key == REVISION_LABEL else value
    metadata = {"name": item["metadata"]["name"], **({"labels": labels} if labels else {})}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _document(kind: Kind, item: Object, labels: Mapping[str, str]) -> Object:
    metadata = item["metadata"]
    annotations = _kept(annotations_of(item))
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            **({"labels": dict(labels)} if labels else {}),
            **({"annotations": annotations} if annotations else {}),
        },
    }


def _kept(notes: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in notes.items() if not key.startswith(_OWNERS)}
