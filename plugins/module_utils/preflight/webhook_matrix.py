# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Every combination of labels must reach the injector that Istio's own table names, and one only.

It is about what may be created tomorrow: what is there is looked at by webhook_overlap and
webhook_gap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from ansible_collections.meshwright.istio.plugins.module_utils import _injector
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import DEFAULT_TAG
from ansible_collections.meshwright.istio.plugins.module_utils._injector import Injector
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import (
    DISABLED,
    ENABLED,
    INJECTION_LABEL,
    REVISION_LABEL,
)
from ansible_collections.meshwright.istio.plugins.module_utils._pod import INJECT
from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import webhook_overlap
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One combination; None for a label that is not there."""

    injection: str | None
    revision: str | None
    inject: str | None
    pod_revision: str | None

    @property
    def namespace(self) -> dict[str, str]:
        return _given({INJECTION_LABEL: self.injection, REVISION_LABEL: self.revision})

    @property
    def pod(self) -> dict[str, str]:
        return _given({INJECT: self.inject, REVISION_LABEL: self.pod_revision})

    def wanted(self) -> str | None:
        """Whom the pod is to be injected by: a revision or tag; None for nobody."""
        if self.inject == "false" or self.injection == DISABLED:
            return None
        if self.injection == ENABLED:
            return DEFAULT_TAG
        if self.revision is not None:
            return self.revision
        return self.pod_revision or (DEFAULT_TAG if self.inject == "true" else None)

    def __str__(self) -> str:
        namespace = ", ".join(f"{key}={value}" for key, value in self.namespace.items())
        pod = ", ".join(f"{key}={value}" for key, value in self.pod.items())
        return f"namespace with {namespace or 'no label'}, pod with {pod or 'no label'}"


def cases(names: Sequence[str]) -> Iterator[Case]:
    """The whole matrix; the revision of a pod is of no interest beside labels of the namespace."""
    for injection, revision in product((None, ENABLED, DISABLED), (None, *names)):
        unlabelled = injection is None and revision is None
        for inject in (None, "true", "false"):
            for pod_revision in (None, *(names if unlabelled else names[:1])):
                yield Case(
                    injection=injection,
                    revision=revision,
                    inject=inject,
                    pod_revision=pod_revision,
                )


def find(snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    injectors = snapshot.mesh.injectors
    answers = _answers(injectors)
    names = sorted(set[str]().union(*answers.values()))
    has_default = snapshot.mesh.default_injector() is not None
    reported = webhook_overlap.overlaps(snapshot, upgrade)
    wrong = []
    for case in cases(names):
        found = _injector.find(injectors, case.namespace, case.pod)
        configurations = tuple(sorted({each.configuration for each in found}))
        if configurations in reported:
            continue
        problem = _problem(case, configurations, answers, has_default=has_default)
        if problem:
            wrong.append(f"{case}: {problem}")
    if wrong:
        more = len(wrong) - _SHOWN
        yield Finding(
            code="webhook_matrix",
            severity=Severity.WARN,
            title="Some combinations of labels do not reach the injector that they name",
            objects=(*wrong[:_SHOWN], *([f"{more} more combinations"] if more > 0 else ())),
            consequence="No pod has them now. One that gets them, as by this upgrade, starts"
            " with a sidecar left to chance, or without one and without an error.",
            remedy="Restore the selectors of these webhooks, as by istioctl tag set, or remove the"
            " MutatingWebhookConfiguration that is left over.",
            source="istio/istio pkg/config/analysis/analyzers/webhook/webhook.go",
        )


def _answers(injectors: Sequence[Injector]) -> Mapping[str, set[str]]:
    """The names that each configuration answers to, by any of its webhooks."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for injector in injectors:
        found[injector.configuration] |= injector.names()
    return found


def _problem(
    case: Case,
    configurations: Sequence[str],
    answers: Mapping[str, set[str]],
    *,
    has_default: bool,
) -> str:
    """What is wrong with it; empty where it is as Istio's table has it."""
    wanted = case.wanted()
    if len(configurations) > 1:
        return f"{' and '.join(configurations)} both match"
    if wanted is None:
        # Where namespaces are injected by default, a pod that says nothing is injected.
        asks = case.injection or case.revision or case.inject or case.pod_revision
        return f"{configurations[0]} injects it" if configurations and asks else ""
    if not configurations:
        return "" if wanted == DEFAULT_TAG and not has_default else "nobody injects it"
    if wanted != DEFAULT_TAG and wanted not in answers[configurations[0]]:
        return f"{configurations[0]} injects it"
    return ""


def _given(labels: dict[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in labels.items() if value is not None}
