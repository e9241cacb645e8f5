# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Istio versions: read, compare, and which may run beside which."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import total_ordering

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError

# An image's tag may name the base image behind the version.
_VARIANTS = ("-distroless", "-debug")
_FORM = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?")
# Upstream: one minor at a time in place, two with revisions side by side.
_MINORS_IN_PLACE = 1
_MINORS_BESIDE = 2


@total_ordering
@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One release; `preview` is what follows a dash (rc.0) and comes before the release itself."""

    major: int
    minor: int
    patch: int
    preview: str = ""

    @classmethod
    def parse(cls, text: str) -> Version | None:
        """Read a version or an image's tag; None for anything else."""
        for variant in _VARIANTS:
            text = text.removesuffix(variant)
        found = _FORM.fullmatch(text)
        if found is None:
            return None
        major, minor, patch, preview = found.groups()
        return cls(major=int(major), minor=int(minor), patch=int(patch or 0), preview=preview or "")

    def __lt__(self, other: Version) -> bool:
        return self._key() < other._key()

    def __str__(self) -> str:
        text = f"{self.major}.{self.minor}.{self.patch}"
        return f"{text}-{self.preview}" if self.preview else text

    def _key(self) -> tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]:
        parts = tuple(
            (not part.isdigit(), int(part) if part.isdigit() else 0, part)
            for part in self.preview.split(".")
        )
        return self.major, self.minor, self.patch, not self.preview, parts

    def is_build_of(self, other: Version) -> bool:
        """Whether both are of one release, whoever has built them: `1.30.4-ours` and `1.30.4`."""
        numbers = self.major, self.minor, self.patch
        return numbers == (other.major, other.minor, other.patch)

    def minors_to(self, other: Version) -> int:
        """How many minor releases the other is ahead; negative when it is behind."""
        return (other.major - self.major) * 1000 + other.minor - self.minor


def read_option(option: str, text: str) -> Version:
    """The version that a person asks for, all of it: of `1.30` YAML leaves no more than 1.3."""
    version = Version.parse(text)
    if version is None or str(version) != text:
        raise BadInputError(f"{option}: got '{text}'; right is a whole version such as 1.31.0.")
    return version


def newest(versions: Iterable[Version | None]) -> Version | None:
    """The newest of those that are known."""
    return max((version for version in versions if version is not None), default=None)


def oldest(versions: Iterable[Version | None]) -> Version | None:
    """The oldest of those that are known."""
    return min((version for version in versions if version is not None), default=None)


def explain_skew_in_place(old: Version, new: Version) -> str | None:
    """Why a control plane must not go from the one to the other where it stands."""
    distance = abs(old.minors_to(new))
    if distance <= _MINORS_IN_PLACE:
        return None
    return (
        f"{new} is {distance} minor releases away from {old}, which runs there; in place Istio"
        f" allows {_MINORS_IN_PLACE}. Go through the release between, or install it as a revision"
        " of its own"
    )


def explain_skew_beside(old: Version, new: Version) -> str | None:
    """Why a control plane must not stand beside the other."""
    distance = abs(old.minors_to(new))
    if distance <= _MINORS_BESIDE:
        return None
    return (
        f"{new} is {distance} minor releases away from {old}, which runs beside it; Istio allows"
        f" {_MINORS_BESIDE}. Go through a release between"
    )
