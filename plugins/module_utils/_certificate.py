# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""When a certificate ends, read from its own bytes: no package for it need be there."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _VERSION, _UTC_TIME = 0x30, 0xA0, 0x17
_LONG = 0x80
# Before the validity: serial number, algorithm, issuer.
_FIELDS_BEFORE = 3
_TURN = 50


def earliest_end(text: str) -> float | None:
    """The first moment at which a certificate of a PEM text ends; None where none can be read."""
    found = (_end(each) for each in _PEM.findall(text))
    return min((each for each in found if each is not None), default=None)


def _end(encoded: str) -> float | None:
    try:
        body = base64.b64decode("".join(encoded.split()), validate=True)
        return _not_after(body)
    except (binascii.Error, IndexError, ValueError):
        return None


def _not_after(body: bytes) -> float:
    """RFC 5280, 4.1: Certificate, TBSCertificate, Validity, notAfter."""
    start, _end_of = _enter(body, 0, _SEQUENCE)
    position, _end_of = _enter(body, start, _SEQUENCE)
    if body[position] == _VERSION:
        position = _skip(body, position)
    for _field in range(_FIELDS_BEFORE):
        position = _skip(body, position)
    position, _end_of = _enter(body, position, _SEQUENCE)
    position = _skip(body, position)
    start, end = _enter(body, position, body[position])
    return _moment(body[start:end].decode("ascii"), short=body[position] == _UTC_TIME)


def _moment(text: str, *, short: bool) -> float:
    if short:
        text = f"{'20' if int(text[:2]) < _TURN else '19'}{text}"
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _skip(body: bytes, position: int) -> int:
    return _enter(body, position, body[position])[1]


def _enter(body: bytes, position: int, tag: int) -> tuple[int, int]:
    """Where the content of an element begins and ends."""
    if body[position] != tag:
        raise ValueError(f"{body[position]:#x} where {tag:#x} is right")
    length, position = body[position + 1], position + 2
    if length >= _LONG:
        size = length - _LONG
        length, position = int.from_bytes(body[position : position + size], "big"), position + size
    return position, position + length
