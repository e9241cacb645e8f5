# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Objects in the binary encoding of the API server, read as far as a schema goes.

Half of a pod's JSON is the record of who manages which field, and most of the rest is of no
interest either. In this encoding what is not wanted is skipped by its length, and the API server
writes it several times faster. The numbers of fields are part of Kubernetes' API: they never change
(`generated.proto` of k8s.io/api and k8s.io/apimachinery).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# An API server that does not know the first answers with the second.
ACCEPT = "application/vnd.kubernetes.protobuf, application/json"

_MAGIC = b"k8s\x00"
_RAW = 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
# The bit of a byte that says that the number has more of them.
_MORE = 0x80
_SIZES = {_FIXED64: 8, _FIXED32: 4}


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields of a message that are wanted, by their numbers.

    Each is its name in JSON and what it holds: `str`, `int`, `bool`, `dict` (of texts by texts), a
    schema, or a list of one schema for what is repeated. `singles` is how many there are where
    none is repeated, so that the rest can be left when all of them were seen.
    """

    fields: Mapping[int, tuple[str, Any]]
    singles: int = field(init=False)

    def __post_init__(self) -> None:
        repeated = any(form is dict or isinstance(form, list) for _n, form in self.fields.values())
        object.__setattr__(self, "singles", 0 if repeated else len(self.fields))


_ENTRY = Schema({1: ("key", str), 2: ("value", str)})
_LIST_META = Schema({2: ("resourceVersion", str), 3: ("continue", str)})


def decode_list(body: bytes, item: Schema) -> dict[str, Any]:
    """A list of objects in either encoding; with the fields of the schema only, or with all.

    A text that is empty is left out, as in JSON. ValueError for what is no such list.
    """
    if not body.startswith(_MAGIC):
        return dict(json.loads(body))
    content = Schema({1: ("metadata", _LIST_META), 2: ("items", [item])})
    try:
        envelope = _message(body, len(_MAGIC), len(body), Schema({_RAW: ("list", content)}))
        return dict(envelope["list"])
    except (IndexError, KeyError):
        raise ValueError("it ends before an object does") from None


def _message(body: bytes, position: int, end: int, schema: Schema) -> dict[str, Any]:
    found: dict[str, Any] = {}
    fields, left = schema.fields, schema.singles
    while position < end:
        # Most numbers have one byte; a call for each would take longer than all the rest.
        tag = body[position]
        position += 1
        if tag >= _MORE:
            tag, position = _varint(body, position - 1)
        if tag & 7 == _BYTES:
            value = body[position]
            position += 1
            if value >= _MORE:
                value, position = _varint(body, position - 1)
            start, position = position, position + value
        else:
            start = position
            value, position = _number(body, position, tag & 7)
        wanted = fields.get(tag >> 3)
        if wanted is not None:
            _keep(found, wanted, value, body[start:position])
            left -= 1
            if left == 0:
                return found
    if position != end:
        raise IndexError
    return found


def _keep(found: dict[str, Any], wanted: tuple[str, Any], value: int, content: bytes) -> None:
    name, form = wanted
    if form is str:
        if content:
            found[name] = content.decode()
    elif form is int or form is bool:
        found[name] = form(value)
    elif form is dict:
        entry = _message(content, 0, len(content), _ENTRY)
        found.setdefault(name, {})[entry.get("key", "")] = entry.get("value", "")
    elif isinstance(form, list):
        found.setdefault(name, []).append(_message(content, 0, len(content), form[0]))
    else:
        found[name] = _message(content, 0, len(content), form)


def _number(body: bytes, position: int, wire: int) -> tuple[int, int]:
    if wire == _VARINT:
        return _varint(body, position)
    if wire in _SIZES:
        return 0, position + _SIZES[wire]
    raise ValueError(f"a field is of the unknown type {wire}")


def _varint(body: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < _MORE:
            return value, position
        shift += 7
