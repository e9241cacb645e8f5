# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What a certificate says, read from its own bytes: no package for it need be there."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _VERSION, _UTC_TIME = 0x30, 0xA0, 0x17
_SET, _EXTENSIONS = 0x31, 0xA3
_COMMON_NAME, _OTHER_NAMES = b"\x55\x04\x03", b"\x55\x1d\x11"
# The forms of a name that people use, by their tags: mail, host, URI, address.
_FORMS = frozenset({0x81, 0x82, 0x86, 0x87})
_LONG = 0x80
# Before the validity: serial number, algorithm, issuer.
_FIELDS_BEFORE = 3
_TURN = 50


def earliest_end(text: str) -> float | None:
    """The first moment at which a certificate of a PEM text ends; None where none can be read."""
    found = (_end(each) for each in _PEM.findall(text))
    return min((each for each in found if each is not None), default=None)


def fingerprints(text: str) -> tuple[str, ...]:
    """The SHA-256 of each certificate of a PEM text; one that is no base64 is left out."""
    return tuple(
        hashlib.sha256(body).hexdigest() for each in _PEM.findall(text) if (body := _decode(each))
    )


def names(text: str) -> frozenset[str]:
    """Whom the first certificate of a PEM text is for; none where that cannot be read."""
    body = next((body for each in _PEM.findall(text) if (body := _decode(each))), b"")
    try:
        return frozenset(_names(body))
    except (IndexError, ValueError):
        return frozenset()


def _decode(encoded: str) -> bytes:
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except binascii.Error:
        return b""


def _names(body: bytes) -> Iterator[str]:
    """RFC 5280, 4.1.2.6 and 4.2.1.6: the common name, and the subject's other names."""
    start, _end_of = _enter(body, 0, _SEQUENCE)
    position, end = _enter(body, start, _SEQUENCE)
    if body[position] == _VERSION:
        position = _skip(body, position)
    for _field in range(_FIELDS_BEFORE + 1):
        position = _skip(body, position)
    yield from _common_names(body, position)
    while position < end:
        if body[position] == _EXTENSIONS:
            yield from _other_names(body, _enter(body, position, _EXTENSIONS)[0])
        position = _skip(body, position)


def _common_names(body: bytes, position: int) -> Iterator[str]:
    for part in _elements(body, position, _SEQUENCE):
        for attribute in _elements(body, part, _SET):
            kind, value = _elements(body, attribute, _SEQUENCE)
            if _content(body, kind) == _COMMON_NAME:
                yield _content(body, value).decode()


def _other_names(body: bytes, position: int) -> Iterator[str]:
    for extension in _elements(body, position, _SEQUENCE):
        # Whether it is critical may stand in between.
        kind, *_critical, wrapped = _elements(body, extension, _SEQUENCE)
        if _content(body, kind) != _OTHER_NAMES:
            continue
        inside = _enter(body, wrapped, body[wrapped])[0]
        for name in _elements(body, inside, _SEQUENCE):
            if body[name] in _FORMS:
                yield _content(body, name).decode("ascii", "backslashreplace")


def _elements(body: bytes, position: int, tag: int) -> list[int]:
    """Where each element inside of one begins."""
    position, end = _enter(body, position, tag)
    found = []
    while position < end:
        found.append(position)
        position = _skip(body, position)
    return found


def _content(body: bytes, position: int) -> bytes:
    start, end = _enter(body, position, body[position])
    return body[start:end]


def _end(encoded: str) -> float | None:
    try:
        return _not_after(_decode(encoded))
    except (IndexError, ValueError):
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
