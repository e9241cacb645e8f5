# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""While an injector does not answer, no pod that it matches can be created."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    REVISION_LABEL,
    UNREVISIONED,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

_SOURCE = "istio/istio#47151, #35590"


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    # What a run before has half installed is not dead: installing goes on with it.
    ours = upgrade.revision if not upgrade.in_place or upgrade.is_underway(evidence) else None
    dead = {
        injector.configuration: injector.service
        for injector in evidence.mesh.injectors
        if injector.service is not None
        and injector.service[0] == upgrade.istio_namespace
        and (injector.service not in evidence.answering or not injector.has_authority)
        and injector.revision != ours
        and not _matches_nothing(injector.namespaces)
    }
    for configuration, service in sorted(dead.items()):
        why = (
            f"it has no caBundle, which the istiod of {'/'.join(service)} fills in"
            if service in evidence.answering
            else f"the Service {'/'.join(service)} has no ready endpoint"
        )
        yield Finding(
            code="webhook_dead",
            severity=Severity.BLOCK,
            title="An injection webhook leads to an istiod that does not answer",
            objects=(f"MutatingWebhookConfiguration {configuration}",),
            consequence=f"No pod that it matches can be created: {why}.",
            remedy="Bring that istiod up, or remove the webhook if its revision is gone for good.",
            source=_SOURCE,
        )
    yield from _validators(evidence, upgrade, ours)


def _validators(evidence: Evidence, upgrade: Upgrade, ours: str | None) -> Iterator[Finding]:
    for item in evidence.of(Topic.VALIDATING):
        lost = {
            (service["namespace"], service["name"])
            for hook in item.get("webhooks") or ()
            if hook["name"].endswith("validation.istio.io")
            and hook.get("failurePolicy", "Fail") == "Fail"
            and (service := hook["clientConfig"].get("service"))
            and service["namespace"] == upgrade.istio_namespace
        } - evidence.answering
        if lost and (ours is None or labels_of(item).get(REVISION_LABEL, UNREVISIONED) != ours):
            names = ", ".join("/".join(each) for each in sorted(lost))
            yield Finding(
                code="webhook_dead",
                severity=Severity.BLOCK,
                title="A validation webhook leads to an istiod that does not answer",
                objects=(f"ValidatingWebhookConfiguration {item['metadata']['name']}",),
                consequence="No configuration of Istio that it matches can be written: the Service"
                f" {names} has no ready endpoint.",
                remedy="Bring that istiod up, or remove the webhook if its revision is gone.",
                source=_SOURCE,
            )


def _matches_nothing(selector: object) -> bool:
    # So does istioctl retire the webhook of a control plane that lost the default tag.
    return isinstance(selector, dict) and selector.get("matchLabels") == {
        "istio.io/deactivated": "never-match"
    }
