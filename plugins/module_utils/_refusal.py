# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Why the API server refuses a request: the account lacks a right, or admission is against it."""

from __future__ import annotations

import re

from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError

_RIGHTS = re.compile(r"\bUser \".*\" cannot |attempting to grant RBAC permissions")
# Of Pod Security, quotas and limit ranges; of webhooks; of policies that the API server has itself.
_OF_ADMISSION = frozenset({400, 403, 422})
_PASSING = (
    # The controllers have not looked at a namespace yet that is new.
    "status unknown for quota",
    "error looking up service account",
    # A webhook that does not answer; and istiod itself, which may still be reading its settings.
    "failed calling webhook",
    "sidecar-injector.istio.io",
)


def is_about_rights(message: str) -> bool:
    """Whether the account lacks a right: a 403 also comes from admission, which rights pass by."""
    return _RIGHTS.search(message) is not None


def is_final(error: ApiError) -> bool:
    """Whether the same request will be refused again, as long as nobody changes the cluster."""
    return error.status in _OF_ADMISSION and not any(each in error.message for each in _PASSING)
