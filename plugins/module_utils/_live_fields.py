# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Fields of a manifest that others keep: istiod, an autoscaler, the other revisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._revision import REVISION_LABEL

# What istioctl applies with. With the same name an update of a mesh that istioctl installed also
# drops the fields that the new manifest no longer has.
FIELD_MANAGER = "istio-operator"
_NEVER = {"matchLabels": {"istio.io/deactivated": "never-match"}}


def leave_to_istiod(document: Object, live: Mapping[str, Any] | None) -> Object:
    """A webhook configuration without what istiod writes into it.

    The validator is rendered with failurePolicy Ignore; istiod turns it to Fail once it answers.
    The field is ours only until then: to own it later would open the validation again. The
    caBundle is not rendered, unless somebody asks for one of his own.
    """
    policies = {
        webhook["name"]: webhook.get("failurePolicy")
        for webhook in (live or {}).get("webhooks") or ()
    }
    webhooks = [
        _without_istiods(webhook, policies.get(webhook["name"])) for webhook in document["webhooks"]
    ]
    return {**document, "webhooks": webhooks}


def _without_istiods(webhook: Mapping[str, Any], live_policy: str | None) -> Object:
    if webhook.get("failurePolicy") == "Ignore" and live_policy == "Fail":
        return {key: value for key, value in webhook.items() if key != "failurePolicy"}
    return dict(webhook)


def deactivate(document: Object) -> Object:
    """The injector of the control plane without a revision, put to sleep as istioctl does it."""
    webhooks = [
        {**webhook, "namespaceSelector": _NEVER, "objectSelector": _NEVER}
        for webhook in document["webhooks"]
    ]
    return {**document, "webhooks": webhooks}


def is_deactivated(item: Mapping[str, Any]) -> bool:
    """Whether a webhook configuration has been put to sleep."""
    webhooks = item.get("webhooks") or ()
    return bool(webhooks) and all(hook.get("namespaceSelector") == _NEVER for hook in webhooks)


def leave_to_autoscaler(
    document: Object, live: Mapping[str, Any] | None, *, scaled: bool
) -> Object:
    """A Deployment without its number of replicas where an autoscaler sets it.

    A number that we once applied stays as it is: to give it up would set it back to 1.
    """
    if not scaled:
        return document
    spec = {key: value for key, value in document["spec"].items() if key != "replicas"}
    if live is not None and _applied_replicas(live):
        spec["replicas"] = live["spec"]["replicas"]
    return {**document, "spec": spec}


def _applied_replicas(live: Mapping[str, Any]) -> bool:
    return any(
        entry.get("manager") == FIELD_MANAGER
        and "f:replicas" in (entry.get("fieldsV1") or {}).get("f:spec", {})
        for entry in live["metadata"].get("managedFields") or ()
    )


def keep_shared_owner(document: Object, live: Mapping[str, Any] | None) -> Object:
    """An object of all revisions with the label that it has: two would fight over it."""
    revision = labels_of(live).get(REVISION_LABEL) if live else None
    if revision is None:
        return document
    labels = {**labels_of(document), REVISION_LABEL: revision}
    return {**document, "metadata": {**document["metadata"], "labels": labels}}


def is_webhook(kind: Kind) -> bool:
    """Whether the kind is one of the two webhook configurations."""
    return kind in (_kinds.MUTATING_WEBHOOK, _kinds.VALIDATING_WEBHOOK)
