# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""HTML and SVG that cannot be broken into: every text is escaped where it becomes a part."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Union

_VOID = frozenset({"meta", "br", "link"})
_NAMES = {"class_": "class", "view_box": "viewBox", "preserve_aspect_ratio": "preserveAspectRatio"}
# Colours of a terminal, other control characters, and those that turn the direction of reading.
_UNWANTED = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


@dataclass(frozen=True, slots=True)
class Html:
    """What is finished; only `el` makes it."""

    text: str

    def __str__(self) -> str:
        return self.text


# The pylint of ansible-test knows no | between types that stand in a value.
Child = Union[Html, str, int, Iterable["Child"], None]  # noqa: UP007
Attribute = Union[str, int, float, bool, None]  # noqa: UP007


def el(element: str, /, *children: Child, **attributes: Attribute) -> Html:
    """An element. A text inside of it, or of an attribute, stays a text.

    An attribute that is None or False is left out, one that is True stands without a value.
    """
    opening = f"<{element}{''.join(map(_attribute, attributes.items()))}>"
    if element in _VOID:
        return Html(opening)
    return Html(f"{opening}{''.join(map(_inside, children))}</{element}>")


def style(sheet: str) -> Html:
    """Our own style sheet, as it is."""
    return Html(f"<style>{sheet}</style>")


def clean(text: str) -> str:
    """A text without what no page should show."""
    return _UNWANTED.sub("", text)


def percent(value: float) -> str:
    """A place in a drawing."""
    return f"{round(value, 3):g}%"


def _inside(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child.text
    if isinstance(child, str | int):
        return html.escape(clean(str(child)), quote=False)
    return "".join(map(_inside, child))


def _attribute(pair: tuple[str, Attribute]) -> str:
    name, value = pair
    if value is None or value is False:
        return ""
    written = _NAMES.get(name, name.replace("_", "-"))
    if value is True:
        return f" {written}"
    text = f"{round(value, 3):g}" if isinstance(value, float) else clean(str(value))
    return f' {written}="{html.escape(text)}"'
