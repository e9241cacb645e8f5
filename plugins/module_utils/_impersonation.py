# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Whom requests act as, in place of who has logged in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

# What a header's name may have beside letters, digits and the rest that is never quoted.
_LEGAL = "!#$&'*+^`|"

Headers = tuple[tuple[str, str], ...]


def headers(options: Mapping[str, Any], user: Mapping[str, Any]) -> Headers:
    """The headers for it, by the module's options or else by the kubeconfig's user.

    Where an option says whom, all else that the kubeconfig says is of somebody else.
    """
    name, groups = options.get("impersonate_user"), options.get("impersonate_groups")
    if name is None and user.get("as"):
        groups = user.get("as-groups") if groups is None else groups
        return (*_headers(user["as"], groups), *_more(user))
    return tuple(_headers(name, groups))


def _headers(name: str | None, groups: list[str] | None) -> Iterator[tuple[str, str]]:
    """One header for the user and one for each group: the API server does not split lists."""
    if name:
        yield "Impersonate-User", name
    for group in groups or ():
        yield "Impersonate-Group", group


def _more(user: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if user.get("as-uid"):
        yield "Impersonate-Uid", str(user["as-uid"])
    for key, values in (user.get("as-user-extra") or {}).items():
        for value in values:
            yield f"Impersonate-Extra-{quote(key, safe=_LEGAL)}", value
