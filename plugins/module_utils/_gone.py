# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What was deleted since its name was written down, or is about to go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference

# The option of the modules; plugins/doc_fragments/gone.py describes it.
OPTION: Mapping[str, Any] = {"choices": ["refuse", "leave_out"], "default": "refuse"}


def leaves_out(params: Mapping[str, Any]) -> bool:
    """Whether names that do not exist are left out and not refused."""
    return params.get("gone") == "leave_out"


def is_ending(item: Object) -> bool:
    """Whether it is being deleted; in such a namespace no pod can be made any more."""
    return "deletionTimestamp" in item["metadata"]


def is_gone(api: Api, kind: Kind, reference: Reference) -> bool:
    """Whether a workload has been deleted, or goes, by itself or with its namespace."""
    return any(
        item is None or is_ending(item)
        for item in (
            api.get(kind, reference.name, reference.namespace),
            api.get(_kinds.NAMESPACE, reference.namespace),
        )
    )
