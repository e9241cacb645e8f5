# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The IstioOperator documents that options stand for, in the order of istioctl's merging."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _yaml
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    UNREVISIONED,
    Revision,
)

Document = dict[str, Any]

_API_VERSION = "install.istio.io/v1alpha1"
_KIND = "IstioOperator"
# Where a document may say what an option says as well.
_REVISION_PATHS = (("spec", "revision"), ("spec", "values", "revision"))
_NAMESPACE_PATHS = (
    ("metadata", "namespace"),
    ("spec", "namespace"),
    ("spec", "values", "global", "istioNamespace"),
)
# Tags in an installation would be fought over by the next one.
_TAGS_PATH = ("spec", "values", "revisionTags")


def documents(params: Mapping[str, Any], revision: Revision) -> list[Document]:
    """What istioctl is given; later ones overrule earlier ones."""
    given = list(find_given(params))
    for option, document in given:
        _refuse_contradictions(option, document, revision)
    return [_first(revision), *(document for _option, document in given), _last(params, revision)]


def find_given(params: Mapping[str, Any]) -> Iterator[tuple[str, Document]]:
    """The documents of the user, each with the option that it is from."""
    for path in params["operator_files"]:
        yield f"operator_files: {path}", _check_operator("operator_files", _load(path))
    if params["operator"]:
        yield "operator", _check_operator("operator", params["operator"])
    for path in params["values_files"]:
        values = _load(path, "values_files")
        yield f"values_files: {path}", _of_spec({"values": values})
    if params["values"]:
        yield "values", _of_spec({"values": params["values"]})


def _load(path: str, option: str = "operator_files") -> Document:
    try:
        found = _yaml.load_all(Path(path).expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInputError(
            f"{option}: '{path}' cannot be read ({error.strerror}); right is a YAML file on the"
            " machine that runs the module."
        ) from error
    except ValueError as error:
        raise BadInputError(f"{option}: '{path}' is not valid YAML: {error}.") from error
    if len(found) != 1 or not isinstance(found[0], dict):
        raise BadInputError(
            f"{option}: '{path}' holds {len(found)} documents; right is one, and a mapping."
        )
    return found[0]


def _check_operator(option: str, document: Document) -> Document:
    kind = document.get("kind", _KIND)
    if kind != _KIND or not isinstance(document.get("spec"), Mapping):
        raise BadInputError(
            f"{option}: got a {kind} with the keys {sorted(document)}; right is an {_KIND} with a"
            " spec. Helm values belong in values or values_files."
        )
    return {"apiVersion": _API_VERSION, "kind": _KIND, **document}


def _of_spec(spec: Document) -> Document:
    return {"apiVersion": _API_VERSION, "kind": _KIND, "spec": spec}


def _refuse_contradictions(option: str, document: Document, revision: Revision) -> None:
    wanted = "" if revision.name == UNREVISIONED else revision.name
    for paths, allowed, name in (
        (_REVISION_PATHS, ("", wanted, revision.name), "revision"),
        (_NAMESPACE_PATHS, (revision.namespace,), "istio_namespace"),
    ):
        for path in paths:
            found = _at(document, path)
            if found is not None and found not in allowed:
                raise BadInputError(
                    f"{option}: {'.'.join(path)} is '{found}', but the option {name} says"
                    f" '{allowed[-1]}'. Take it out of the document."
                )
    if _at(document, _TAGS_PATH):
        raise BadInputError(
            f"{option}: {'.'.join(_TAGS_PATH)} is {_at(document, _TAGS_PATH)}; a tag outlives the"
            " revision it points at. Take it out and use the module istio_revision_tag."
        )


def _at(document: Mapping[str, Any], path: Iterable[str]) -> Any:
    value: Any = document
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def _first(revision: Revision) -> Document:
    # istioctl's own default profile brings an ingress gateway.
    return {
        **_of_spec({"profile": "minimal"}),
        "metadata": {"namespace": revision.namespace},
    }


def _last(params: Mapping[str, Any], revision: Revision) -> Document:
    name = "" if revision.name == UNREVISIONED else revision.name
    settings: Document = {"istioNamespace": revision.namespace}
    spec: Document = {"revision": name, "values": {"revision": name, "global": settings}}
    if params["hub"]:
        spec["hub"] = settings["hub"] = params["hub"].rstrip("/")
    if params["image_pull_secrets"]:
        settings["imagePullSecrets"] = params["image_pull_secrets"]
    components: Document = {}
    if params["replicas"] is not None:
        # Both places: the chart reads the one, and what a document has in the other is patched in
        # after that.
        spec["values"]["pilot"] = {"replicaCount": params["replicas"], "autoscaleEnabled": False}
        components["pilot"] = {"k8s": {"replicaCount": params["replicas"]}}
    if params["cni"]:
        components["cni"] = {"enabled": True}
    if components:
        spec["components"] = components
    return {**_of_spec(spec), "metadata": {"namespace": revision.namespace}}
