# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The weights of a backend's servers in HAProxy's configuration file: read, and rewritten.

Nothing else in the file is touched: neither its order, nor spaces, quotes and comments.
https://docs.haproxy.org/2.6/configuration.html#2.2
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError

_PROXIES = ("backend", "listen")
_SECTIONS = frozenset(
    {
        *("acme", "backend", "cache", "crt-store", "defaults", "fcgi-app", "frontend", "global"),
        *("http-errors", "listen", "log-forward", "log-profile", "mailers", "peers", "program"),
        *("resolvers", "ring", "traces", "userlist"),
    }
)
# One character of a word: quoted, escaped, or neither a space nor the beginning of a comment.
_WORD = re.compile(r"""(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s#'"\\])+""")
_PIECE = re.compile(r"""'([^']*)'|"((?:\\.|[^"\\])*)"|((?:\\.|[^'"\\])+)""")
_ROW = re.compile(r"[^\n]*\n|[^\n]+")
_UNWEIGHTED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line: where its words stand in the text, and what they are without their quotes."""

    section: tuple[str, ...]
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

    @property
    def weight(self) -> int | None:
        """The place of the number after the last `weight`: that is the one that is in force."""
        for place in range(len(self.words) - 1, 1, -1):
            if self.words[place - 1] == "weight" and self.words[place].isdigit():
                return place
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLine:
    """A server of the backend: its weight, and where in the text that stands, or would stand."""

    weight: int
    span: tuple[int, int]
    own: bool

    def text_for(self, weight: int) -> str:
        """What stands there for that weight."""
        return str(weight) if self.own else f" weight {weight}"


def find(text: str, path: str, backend: str, name: str) -> ServerLine:
    """That server of that backend; refused where it has no line, or more than one."""
    default, found, seen = _Defaults(), [], False
    for line in _lines(text):
        default.notice(line)
        inside = line.section[:1] in (("backend",), ("listen",)) and line.section[1:2] == (backend,)
        seen = seen or inside
        if inside and line.words[:2] == ("server", name):
            found.append(_server_line(line, default.of(line.section)))
    if not seen:
        raise BadInputError(
            f"{path} has no backend {backend}. Name the file that has it as config, or none."
        )
    if len(found) != 1:
        raise BadInputError(
            f"{path} has {len(found) or 'no'} lines `server {name}` in backend {backend}, and one"
            " is needed to keep its weight. Write it as one line, or name no config."
        )
    return found[0]


def rewrite(text: str, path: str, backend: str, weights: Mapping[str, int]) -> str:
    """The text with those weights."""
    places = [(find(text, path, backend, name), weight) for name, weight in weights.items()]
    # From the end on, what stands before keeps its place.
    for place, weight in sorted(places, key=lambda each: each[0].span, reverse=True):
        start, end = place.span
        text = f"{text[:start]}{place.text_for(weight)}{text[end:]}"
    return text


class _Defaults:
    """The weights that server lines have which name none, by their section."""

    def __init__(self) -> None:
        self._weights: dict[tuple[str, ...], int] = {}
        self._last: tuple[str, ...] = ()

    def notice(self, line: _Line) -> None:
        if line.words[:1] == ("defaults",):
            self._last = line.section
            self._weights.pop(line.section, None)
        elif line.words[0] in _PROXIES and line.section not in self._weights:
            self._weights[line.section] = self._inherited(line)
        elif line.words[0] == "default-server" and line.weight is not None:
            self._weights[line.section] = int(line.words[line.weight])

    def of(self, section: tuple[str, ...]) -> int:
        return self._weights.get(section, _UNWEIGHTED)

    def _inherited(self, line: _Line) -> int:
        named = line.words[3] if line.words[2:3] == ("from",) and len(line.words) > 3 else None
        section = self._last if named is None else ("defaults", named)
        return self._weights.get(section, _UNWEIGHTED)


def _server_line(line: _Line, default: int) -> ServerLine:
    if line.weight is not None:
        return ServerLine(
            weight=int(line.words[line.weight]), span=line.spans[line.weight], own=True
        )
    end = line.spans[-1][1]
    return ServerLine(weight=default, span=(end, end), own=False)


def _lines(text: str) -> Iterator[_Line]:
    """Those that say something, each with the section that it stands in."""
    section: tuple[str, ...] = ()
    start = 0
    for row in _ROW.findall(text):
        spans = tuple(_spans(row, start))
        words = tuple(_unquoted(text[begin:end]) for begin, end in spans)
        start += len(row)
        if not words:
            continue
        if words[0] in _SECTIONS:
            section = words[:2]
        yield _Line(section=section, words=words, spans=spans)


def _spans(row: str, start: int) -> Iterator[tuple[int, int]]:
    place = 0
    while True:
        place += len(row[place:]) - len(row[place:].lstrip())
        found = _WORD.match(row, place)
        if found is None:
            return
        yield start + found.start(), start + found.end()
        place = found.end()


def _unquoted(word: str) -> str:
    pieces = _PIECE.findall(word)
    return "".join(
        single or re.sub(r"\\(.)", r"\1", double or bare) for single, double, bare in pieces
    )
