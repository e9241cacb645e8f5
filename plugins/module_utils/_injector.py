# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Who injects a pod: the webhooks of the control planes, and whether one of them answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError

_REVISION_LABEL = "istio.io/rev"
_WEBHOOK_SUFFIX = "sidecar-injector.istio.io"

Labels = Mapping[str, str]
Selector = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Injector:
    """One webhook of a sidecar injector; `service` is None where it is called by URL."""

    configuration: str
    revision: str
    namespaces: Selector
    pods: Selector
    service: tuple[str, str] | None
    has_authority: bool

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> Iterator[Injector]:
        """Read a MutatingWebhookConfiguration; the webhooks of others are left out."""
        metadata = item["metadata"]
        for webhook in item.get("webhooks") or ():
            if not webhook["name"].endswith(_WEBHOOK_SUFFIX):
                continue
            client = webhook["clientConfig"]
            service = client.get("service")
            yield cls(
                configuration=metadata["name"],
                revision=(metadata.get("labels") or {}).get(_REVISION_LABEL, ""),
                namespaces=webhook.get("namespaceSelector") or {},
                pods=webhook.get("objectSelector") or {},
                service=(service["namespace"], service["name"]) if service else None,
                has_authority=bool(client.get("caBundle")),
            )

    def names(self) -> set[str]:
        """The revision and tags that a namespace may name to be served by this webhook."""
        return {
            value
            for expression in self.namespaces.get("matchExpressions") or ()
            if expression["key"] == _REVISION_LABEL and expression["operator"] == "In"
            for value in expression["values"]
        }


def read(api: Api) -> list[Injector]:
    """Every injector of the cluster."""
    configurations = api.list(_kinds.MUTATING_WEBHOOK)
    return [injector for item in configurations for injector in Injector.from_object(item)]


def find(
    injectors: Iterable[Injector], namespace_labels: Labels, pod_labels: Labels
) -> list[Injector]:
    """Those that a pod with these labels reaches in a namespace with those labels."""
    return [
        injector
        for injector in injectors
        if selects(injector.namespaces, namespace_labels) and selects(injector.pods, pod_labels)
    ]


def name_of(injectors: Iterable[Injector], revision: str) -> str | None:
    """The label by which pods reach that revision and no other: its own name, or a tag's."""
    ours: set[str] = set()
    theirs: set[str] = set()
    for injector in injectors:
        (ours if injector.revision == revision else theirs).update(injector.names())
    free = ours - theirs
    return revision if revision in free else min(free, default=None)


def selects(selector: Selector, labels: Labels) -> bool:
    """Whether a label selector of the API matches; an empty one matches everything."""
    pairs = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in pairs.items()) and all(
        _holds(expression, labels) for expression in selector.get("matchExpressions") or ()
    )


def _holds(expression: Mapping[str, Any], labels: Labels) -> bool:
    value = labels.get(expression["key"])
    values = expression.get("values") or ()
    return {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }[expression["operator"]]


def require_live(api: Api, wanted: str, namespace_labels: Labels, pod_labels: Labels) -> Injector:
    """The one that injects such a pod; refused when there is none, or nothing answers for it.

    `wanted` is how the user named it, for the message.
    """
    injectors = read(api)
    found = find(injectors, namespace_labels, pod_labels)
    if not found:
        known = sorted(set().union(*(injector.names() for injector in injectors)))
        raise RefusedError(
            f"No injection webhook answers for {wanted}: pods would start without a sidecar and"
            f" without any error. Revisions and tags with a webhook: {', '.join(known) or 'none'}."
            " Install the revision or set the tag first, or name one of these.",
            known=known,
        )
    for injector in found:
        refuse_dead(api, wanted, injector)
    return found[0]


def refuse_dead(api: Api, wanted: str, injector: Injector) -> None:
    where = f"MutatingWebhookConfiguration {injector.configuration}"
    if not injector.has_authority:
        raise RefusedError(
            f"The webhook for {wanted} ({where}) has no caBundle yet, so no pod could be created."
            f" Wait until the istiod of revision {injector.revision} is ready; it fills it in.",
        )
    if injector.service is None:
        return
    namespace, name = injector.service
    slices = api.list(
        _kinds.ENDPOINT_SLICE, namespace, label_selector=f"kubernetes.io/service-name={name}"
    )
    if not has_ready_address(slices):
        raise RefusedError(
            f"The webhook for {wanted} ({where}) leads to the Service {namespace}/{name}, which has"
            " no ready endpoint, so no pod could be created. Bring the istiod of revision"
            f" {injector.revision} up first.",
        )


def has_ready_address(slices: Sequence[Mapping[str, Any]]) -> bool:
    """Whether any endpoint of the slices takes new requests."""
    return any(
        # Absent means unknown, which the API says to read as ready.
        (endpoint.get("conditions") or {}).get("ready") is not False
        for item in slices
        for endpoint in item.get("endpoints") or ()
    )
