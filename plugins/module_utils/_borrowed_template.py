# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Rollouts of Argo that have no template of their own and name a Deployment that has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ansible_collections.meshwright.istio.plugins.module_utils import _pod_template
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._workload import (
    DRAIN,
    EXCLUDE,
    Workload,
)


def fill_in(workload: Workload, find: Callable[[Reference], Workload | None]) -> Workload:
    """The workload with the template that it borrows, as far as that is found."""
    lender = workload.template_of and find(workload.template_of)
    if not lender:
        return workload
    template = lender.template
    return replace(
        workload,
        **_pod_template.facts(template),
        selector=workload.selector or lender.selector,
        excluded=workload.excluded or _pod_template.annotation(template, EXCLUDE) == "true",
        drain=workload.drain or _pod_template.annotation(template, DRAIN),
    )


def obstacle(workload: Workload) -> str | None:
    """Why nobody knows what its pods are like; None where that is known."""
    if workload.template_of is None or workload.template:
        return None
    return (
        f"it has the template of {workload.template_of}, which is no Deployment that was read: let"
        " it refer to one that exists, and do not leave Deployment out of kinds"
    )
