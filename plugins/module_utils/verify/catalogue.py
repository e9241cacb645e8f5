# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Everything that is looked at after an upgrade."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    sort_and_override,
)
from ansible_collections.meshwright.istio.plugins.module_utils.verify import (
    attachment,
    certificates,
    control_plane,
    gateways,
    leftovers,
    mtls,
    proxies,
    validation,
)
from ansible_collections.meshwright.istio.plugins.module_utils.verify.evidence import Evidence

Find = Callable[[Evidence], Iterator[Finding]]

FINDERS: tuple[Find, ...] = (
    control_plane.find,
    proxies.find,
    leftovers.find,
    validation.find,
    mtls.find,
    gateways.find,
    attachment.find,
    certificates.find,
)


def find_all(evidence: Evidence) -> list[Finding]:
    """What is wrong with the mesh, the gravest first."""
    return sort_and_override((each for find in FINDERS for each in find(evidence)), ())


def table(findings: list[Finding]) -> list[str]:
    """The findings as a person reads them."""
    lines = [line for finding in findings for line in finding.lines()]
    return lines or ["The mesh is well."]
