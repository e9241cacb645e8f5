# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Who injects by default must be who validates by default; that they differ is in a log only."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import (
    DEFAULT_TAG,
    DEFAULT_VALIDATOR,
)
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    REVISION_LABEL,
    UNREVISIONED,
    Revision,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    tag = evidence.mesh.tag(DEFAULT_TAG)
    validation = evidence.mesh.validation
    if tag is not None and validation is None:
        yield _finding(
            title="Nobody checks the configuration that names no revision",
            objects=(f"ValidatingWebhookConfiguration {DEFAULT_VALIDATOR} is missing",),
        )
    elif tag is not None and validation != tag.revision:
        yield _finding(
            title="Injection and validation by default are of two revisions",
            objects=(
                f"MutatingWebhookConfiguration {tag.configuration} ({tag.revision})",
                f"ValidatingWebhookConfiguration {DEFAULT_VALIDATOR} ({validation})",
            ),
        )
    else:
        yield from _led_astray(evidence, upgrade)


def _led_astray(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    """The label names one revision, and the Service is that of another."""
    for item in evidence.of(Topic.VALIDATING):
        if item["metadata"]["name"] != DEFAULT_VALIDATOR:
            continue
        name = labels_of(item).get(REVISION_LABEL, UNREVISIONED)
        right = Revision(name=name, namespace=upgrade.istio_namespace).istiod
        services = {
            hook["clientConfig"]["service"]["name"]
            for hook in item.get("webhooks") or ()
            if hook["clientConfig"].get("service")
        }
        if services - {right}:
            yield _finding(
                title=f"Validation by default names revision {name} and asks another",
                objects=(
                    f"ValidatingWebhookConfiguration {DEFAULT_VALIDATOR} leads to the Service"
                    f" {', '.join(sorted(services))}",
                ),
            )


def _finding(*, title: str, objects: tuple[str, ...]) -> Finding:
    return Finding(
        code="default_disagrees",
        severity=Severity.WARN,
        title=title,
        objects=objects,
        consequence="Wrong configuration is accepted, or right configuration refused, by a revision"
        " that does not serve it; when that revision goes, nothing can be written.",
        remedy="Set the default tag anew with istio_revision_tag, which makes both agree.",
        source="istio/istio pkg/revisions/tag_watcher.go",
    )
