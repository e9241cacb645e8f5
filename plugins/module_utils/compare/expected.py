# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The differences that a user knows of and allows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A code, and the objects at which it is expected; at all of them where there are none."""

    code: str
    objects: tuple[str, ...]


def parse(entries: Iterable[Mapping[str, Any]], codes: Collection[str]) -> tuple[Expected, ...]:
    """Read the option; refused for a code that no finding has."""
    found = []
    for entry in entries:
        if entry["code"] not in codes:
            raise BadInputError(
                f"expected: got the code '{entry['code']}', which no finding has; right is one of"
                f" {', '.join(sorted(codes))}."
            )
        found.append(Expected(code=entry["code"], objects=tuple(entry["objects"])))
    return tuple(found)


def mark(findings: Iterable[Finding], entries: Sequence[Expected]) -> Iterator[Finding]:
    """The findings, of which what is expected is told apart from the rest."""
    for finding in findings:
        mine = [entry for entry in entries if entry.code == finding.code]
        if any(not entry.objects for entry in mine):
            yield replace(finding, overridden=True)
            continue
        names = {name for entry in mine for name in entry.objects}
        known = tuple(each for each in finding.objects if _is_named(each, names))
        if known:
            yield replace(finding, objects=known, overridden=True)
        if rest := tuple(each for each in finding.objects if each not in known):
            yield replace(finding, objects=rest)


def unmatched(findings: Sequence[Finding], entries: Iterable[Expected]) -> Iterator[str]:
    """A sentence for each entry, or object of one, that no finding is about any more."""
    for entry in entries:
        seen = [
            each for finding in findings if finding.code == entry.code for each in finding.objects
        ]
        if not entry.objects and not seen:
            yield f"expected: {entry.code} was not found. Take the entry out."
        for name in entry.objects:
            if not any(_is_named(each, {name}) for each in seen):
                yield f"expected: {entry.code} was not found at {name}. Take that object out."


def _is_named(shown: str, names: Collection[str]) -> bool:
    """By the name alone, or with all that stands in brackets behind it."""
    return shown in names or shown.partition(" (")[0] in names
