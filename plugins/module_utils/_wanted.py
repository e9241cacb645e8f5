# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What proxies are wanted to run: a revision, a version, or both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError

_VERSION = re.compile(r"\d+\.\d+\.\d+([-+][0-9A-Za-z.-]+)?")


class HasProxy(Protocol):
    """What `Wanted` needs to know of a pod or a proxy."""

    @property
    def revision(self) -> str | None: ...

    @property
    def version(self) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The revision and the version; None for one that does not matter."""

    revision: str | None = None
    version: str | None = None

    def __str__(self) -> str:
        return describe(self.revision, self.version)

    def lacks(self, proxy: HasProxy, *, unknown_is_right: bool = False) -> bool:
        """Whether the proxy is not what is wanted.

        A version that nobody can tell is wrong, unless the proxy is known to be new.
        """
        if self.revision is not None and proxy.revision != self.revision:
            return True
        if self.version is None or (proxy.version is None and unknown_is_right):
            return False
        return proxy.version != self.version


def describe(revision: str | None, version: str | None) -> str:
    """Both in words, as `1-30 (1.30.4)`."""
    if revision is None:
        return version or "no proxy"
    return f"{revision} ({version})" if version else revision


def check_version(option: str, version: str | None) -> str | None:
    """Refuse what is not a whole version."""
    if version is not None and not _VERSION.fullmatch(version):
        raise BadInputError(
            f"{option}: got '{version}'; right is a whole version as the proxies report it, such"
            " as 1.31.0."
        )
    return version
