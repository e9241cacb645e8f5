# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The objects of a tag, made as `istioctl tag set` makes them out of those of its revision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ansible_collections.meshwright.istio.plugins.module_utils import _owner
from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import (
    DEFAULT_TAG,
    DEFAULT_VALIDATOR,
)
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import (
    annotations_of,
    labels_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    COMPONENT_LABEL,
    REVISION_LABEL,
    TAG_LABEL,
    Revision,
)

_INJECT = "sidecar.istio.io/inject"
_INJECTION = "istio-injection"
_SUFFIX = "sidecar-injector.istio.io"
_AUTO = f"auto.{_SUFFIX}"
_NOT_PRUNED = "install.operator.istio.io/owning-resource-not-pruned"
# Signs of whoever owns the revision's objects: the tag is not his.
_FOREIGN = ("meta.helm.sh/", "argocd.argoproj.io/", "kubectl.kubernetes.io/", "helm.toolkit.")
_SYSTEM_NAMESPACES = ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"]
_RULES = [
    {
        "operations": ["CREATE", "UPDATE"],
        "apiGroups": [
            "security.istio.io",
            "networking.istio.io",
            "telemetry.istio.io",
            "extensions.istio.io",
        ],
        "apiVersions": ["*"],
        "resources": ["*"],
    }
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The objects of the revision that a tag points at; the validator may be missing."""

    revision: Revision
    injector: Object
    service: Object
    validator: Object | None = None

    def webhook(self) -> Mapping[str, Any]:
        """The webhook that the tag's are copied from."""
        webhooks: list[Mapping[str, Any]] = self.injector["webhooks"]
        return next(hook for hook in webhooks if hook["name"].endswith(_SUFFIX))


def configuration_name(tag: str, namespace: str) -> str:
    """The name of a tag's MutatingWebhookConfiguration."""
    elsewhere = "" if namespace == "istio-system" else f"-{namespace}"
    return f"istio-revision-tag-{tag}{elsewhere}"


def service_name(tag: str) -> str:
    """The name of a tag's Service."""
    return f"istiod-revision-tag-{tag}"


def injector(source: Source, tag: str, *, ca_bundle: str, auto: bool, installed: bool) -> Object:
    """The MutatingWebhookConfiguration of the tag.

    `auto` also injects where nothing asks for it or against it; `installed` marks it as made
    together with the control plane.
    """
    return {
        "apiVersion": source.injector["apiVersion"],
        "kind": source.injector["kind"],
        "metadata": {
            "name": configuration_name(tag, source.revision.namespace),
            "labels": {
                **_labels(source, source.injector, tag, installed=installed),
                "app": "sidecar-injector",
            },
            **_annotations(source.injector),
        },
        "webhooks": [
            {**_core(source.webhook(), ca_bundle), "name": name, **selectors}
            for name, selectors in webhook_selectors(tag, auto=auto).items()
        ],
    }


def has_auto(item: Mapping[str, Any] | None) -> bool:
    """Whether an injector also injects where nothing asks for it."""
    return any(hook["name"] == _AUTO for hook in (item or {}).get("webhooks") or ())


def webhook_selectors(name: str, *, auto: bool) -> dict[str, dict[str, Any]]:
    """The webhooks of a revision or tag of that name, and what each matches."""
    selectors = {
        f"rev.namespace.{_SUFFIX}": _selects([_in(REVISION_LABEL, name), _no(_INJECTION)], [_OPEN]),
        f"rev.object.{_SUFFIX}": _selects(
            [_no(REVISION_LABEL), _no(_INJECTION)], [_OPEN, _in(REVISION_LABEL, name)]
        ),
    }
    if name != DEFAULT_TAG:
        return selectors
    unlabelled = [_no(_INJECTION), _no(REVISION_LABEL)]
    selectors[f"namespace.{_SUFFIX}"] = _selects([_in(_INJECTION, "enabled")], [_OPEN])
    selectors[f"object.{_SUFFIX}"] = _selects(
        unlabelled, [_in(_INJECT, "true"), _no(REVISION_LABEL)]
    )
    if auto:
        named = _expression("kubernetes.io/metadata.name", "NotIn", _SYSTEM_NAMESPACES)
        selectors[_AUTO] = _selects([*unlabelled, named], [_no(_INJECT), _no(REVISION_LABEL)])
    return selectors


def _expression(key: str, operator: str, values: list[str] | None = None) -> dict[str, Any]:
    return {"key": key, "operator": operator, **({"values": values} if values else {})}


def _in(key: str, value: str) -> dict[str, Any]:
    return _expression(key, "In", [value])


def _no(key: str) -> dict[str, Any]:
    return _expression(key, "DoesNotExist")


_OPEN = _expression(_INJECT, "NotIn", ["false"])


def _selects(namespaces: list[dict[str, Any]], pods: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "namespaceSelector": {"matchExpressions": namespaces},
        "objectSelector": {"matchExpressions": pods},
    }


def _core(webhook: Mapping[str, Any], ca_bundle: str) -> dict[str, Any]:
    own = ("name", "namespaceSelector", "objectSelector", "clientConfig")
    client = {**webhook["clientConfig"], **({"caBundle": ca_bundle} if ca_bundle else {})}
    return {
        **{key: value for key, value in webhook.items() if key not in own},
        "clientConfig": client,
    }


def service(source: Source, tag: str, *, installed: bool) -> Object:
    """The Service of the tag, by which an istiod since 1.28 learns its tags, as istioctl's."""
    spec = source.service["spec"]
    return {
        "apiVersion": source.service["apiVersion"],
        "kind": source.service["kind"],
        "metadata": {
            "name": service_name(tag),
            "namespace": source.revision.namespace,
            "labels": _labels(source, source.service, tag, installed=installed),
            **_annotations(source.service),
        },
        "spec": {
            "ports": [
                {key: value for key, value in port.items() if key != "nodePort"}
                for port in spec["ports"]
            ],
            "selector": {"app": "istiod", REVISION_LABEL: source.revision.name},
        },
    }


def default_validator(source: Source, *, ca_bundle: str, tagged: bool, installed: bool) -> Object:
    """Who checks the objects that name no revision; `tagged` when the default tag decides that."""
    model = (source.validator or {}).get("webhooks", [{}])[0]
    labels = _labels(source, source.injector, DEFAULT_TAG, installed=installed)
    if not tagged:
        del labels[TAG_LABEL]
    return {
        "apiVersion": source.injector["apiVersion"],
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {
            "name": DEFAULT_VALIDATOR,
            "labels": {**labels, "app": "istiod", "istio": "istiod"},
            **_annotations(source.injector),
        },
        "webhooks": [
            {
                "name": "validation.istio.io",
                "clientConfig": _validation_client(source, ca_bundle),
                "rules": model.get("rules", _RULES),
                "failurePolicy": "Ignore",
                "sideEffects": "None",
                "admissionReviewVersions": model.get("admissionReviewVersions", ["v1"]),
                "objectSelector": {"matchExpressions": [_no(REVISION_LABEL)]},
            }
        ],
    }


def _validation_client(source: Source, ca_bundle: str) -> dict[str, Any]:
    bundle = {"caBundle": ca_bundle} if ca_bundle else {}
    client = source.webhook()["clientConfig"]
    if client.get("url"):
        url = urlunsplit(urlsplit(client["url"])._replace(path="/validate"))
        return {"url": url, **bundle}
    target = client["service"]
    place = {"name": target["name"], "namespace": target["namespace"], "path": "/validate"}
    return {"service": place, **bundle}


def _labels(source: Source, item: Object, tag: str, *, installed: bool) -> dict[str, str]:
    labels = {
        key: value
        for key, value in labels_of(item).items()
        # istioctl's own tags are the user's as well: without these its uninstall lets them be.
        if (installed or "operator.istio.io" not in key) and not _owner.is_sign(key, value)
    }
    marks = {COMPONENT_LABEL: "Pilot", _NOT_PRUNED: "true"} if installed else {}
    return {**labels, **marks, REVISION_LABEL: source.revision.name, TAG_LABEL: tag}


def _annotations(item: Object) -> dict[str, Any]:
    kept = {k: v for k, v in annotations_of(item).items() if not k.startswith(_FOREIGN)}
    return {"annotations": kept} if kept else {}


def is_installed(item: Mapping[str, Any] | None) -> bool:
    """Whether a tag was made together with its control plane, and not by a user."""
    return item is not None and COMPONENT_LABEL in labels_of(item)


def ca_bundle_of(item: Mapping[str, Any] | None) -> str:
    """The certificates that a webhook configuration trusts; empty until istiod fills them in."""
    for webhook in (item or {}).get("webhooks") or ():
        bundle = webhook["clientConfig"].get("caBundle")
        if bundle:
            return str(bundle)
    return ""
