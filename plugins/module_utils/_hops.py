# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The versions that a control plane goes through where it stands, one minor release at a time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ansible_collections.meshwright.istio.plugins.module_utils import _version
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version


def plan(now: Version, through: Sequence[Version], target: Version) -> tuple[Version, ...]:
    """The versions still to be reached, `now` itself if it is one of them.

    The one that runs is not left out: its gateways and workloads may still have to follow.
    """
    chain = (*through, target)
    for before, after in pairwise(chain):
        if after <= before:
            raise BadInputError(
                f"through: got {before} before {after}; right are versions that grow, all of them"
                " older than version."
            )
    if target < now:
        raise RefusedError(
            f"version: {target} is older than {now}, which runs there. An upgrade in place only"
            " goes forward; to take an unfinished one back, run roll_back.yml."
        )
    hops = tuple(version for version in chain if version >= now)
    for before, after in pairwise((now, *hops)):
        if _version.explain_skew_in_place(before, after):
            raise RefusedError(
                f"version: {after} is {before.minors_to(after)} minor releases ahead of {before},"
                " and in place Istio allows one. Go through the releases between, each by a whole"
                f" version: through {_between(before, after)}.",
                missing=_between(before, after),
            )
    return hops


def _between(before: Version, after: Version) -> str:
    minors = range(before.minor + 1, after.minor)
    return ", ".join(f"{before.major}.{minor}.x" for minor in minors) or "another major release"
