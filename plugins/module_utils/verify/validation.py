# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Istio's own validation still refuses what means nothing."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.verify.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.verify.trial import Verdict


def find(evidence: Evidence) -> Iterator[Finding]:
    accepted = [each for each in evidence.trials if each.verdict is Verdict.ACCEPTED]
    if accepted:
        yield Finding(
            code="validator_open",
            severity=Severity.BLOCK,
            title="A VirtualService that Istio forbids was accepted by a dry run",
            objects=tuple(map(str, accepted)),
            consequence="Nobody checks objects of that kind: a mistake reaches every proxy.",
            remedy="Look for the ValidatingWebhookConfigurations; istio_revision and"
            " istio_revision_tag put them back.",
            source="istio.io ops/common-problems/validation",
        )
    mute = [each for each in evidence.trials if each.verdict is Verdict.UNANSWERED]
    if mute:
        yield Finding(
            code="validator_silent",
            severity=Severity.BLOCK,
            title="Nobody could say whether a VirtualService is right",
            objects=tuple(f"{each}: {each.said}" for each in mute),
            consequence="While the validator does not answer, nothing of Istio can be changed.",
            remedy="Look at the Service that the webhook calls, and at the right to create"
            " virtualservices.",
            source="istio.io ops/common-problems/validation",
        )
