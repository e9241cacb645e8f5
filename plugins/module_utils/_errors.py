# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The errors that modules turn into failures: a sentence with the object's name and the remedy."""

from __future__ import annotations

from typing import Any


class MeshError(Exception):
    """Something the user can act on; `details` is the machine-readable rest of the failure."""

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class BadInputError(MeshError):
    """An option's value cannot be used; nothing was read from or written to the cluster for it."""


class RefusedError(MeshError):
    """The cluster's state forbids what was asked; nothing was written."""


class NotReadyError(MeshError):
    """What was waited for did not come; `details` carries what was last seen."""


class ApiError(MeshError):
    """The API server refused a request or could not be reached (`status` is then 0)."""

    def __init__(self, message: str, *, status: int, reason: str = "", **details: Any) -> None:
        super().__init__(message, status=status, reason=reason, **details)
        self.status = status
        self.reason = reason
