# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""While an injector does not answer, no pod that it matches can be created."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    dead = {
        injector.configuration: injector.service
        for injector in snapshot.mesh.injectors
        if injector.service is not None
        and injector.service[0] == upgrade.istio_namespace
        and injector.service not in snapshot.answering
        # The new revision may be half installed by a run before; installing goes on with it.
        and injector.revision != upgrade.revision
        and not _matches_nothing(injector.namespaces)
    }
    for configuration, service in sorted(dead.items()):
        yield Finding(
            code="webhook_dead",
            severity=Severity.BLOCK,
            title="An injection webhook leads to an istiod that does not answer",
            objects=(f"MutatingWebhookConfiguration {configuration}",),
            consequence="No pod that it matches can be created: the Service"
            f" {'/'.join(service)} has no ready endpoint.",
            remedy="Bring that istiod up, or remove the webhook if its revision is gone for good.",
        )


def _matches_nothing(selector: object) -> bool:
    # So does istioctl retire the webhook of a control plane that lost the default tag.
    return isinstance(selector, dict) and selector.get("matchLabels") == {
        "istio.io/deactivated": "never-match"
    }
