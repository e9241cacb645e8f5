# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""HTTP to servers that are not the API server: one try, bounded in time and in size."""

from __future__ import annotations

import contextlib
import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError

# Without it `create_client` refuses, before anything here is called.
with contextlib.suppress(ImportError):
    import urllib3
    from urllib3.exceptions import HTTPError, NewConnectionError
    from urllib3.exceptions import TimeoutError as LateError

_PIECE = 1 << 16
_LARGEST = 1 << 20
# What RFC 9110 lets stand in a header, without the bytes that no two servers read alike.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x20-\x7e\t]*")


class NoAnswerError(Exception):
    """There was no answer, or none that came to its end; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer; `body` is its first mebibyte, and `whole` whether that is all of it.

    The names of its `headers` are in small letters.
    """

    status: int
    body: bytes
    whole: bool
    seconds: float
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def location(self) -> str:
        """Where it redirects to; empty where it does not."""
        return self.headers.get("location", "")


class Web:
    """Sends requests with one way of trusting servers; threads may share it.

    Redirects are not followed, and nothing is tried twice: the caller asks again soon enough.
    """

    def __init__(self, *, verify: bool, ca_cert: str | None, option: str) -> None:
        self._tls = _context(verify, ca_cert, option)

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: str | None = None,
        timeout: float,
    ) -> Reply:
        """The answer; NoAnswerError when there is none in time."""
        started = time.monotonic()
        sent = {**headers, "Connection": "close"}
        try:
            # A pool of its own: one that is shared keeps the connection where the server does not
            # say that it closes it, and the next request may meet a server that has just done so.
            with urllib3.PoolManager(ssl_context=self._tls) as pool:
                response = pool.request(
                    method,
                    url,
                    body=body,
                    headers=sent,
                    timeout=urllib3.Timeout(total=timeout),
                    retries=False,
                    preload_content=False,
                )
                with contextlib.closing(response):
                    content, whole = _read(response, started + timeout)
        except HTTPError as error:
            raise NoAnswerError(_cause(error, timeout)) from error
        return Reply(
            status=response.status,
            body=content,
            whole=whole,
            seconds=time.monotonic() - started,
            headers={name.lower(): value for name, value in response.headers.items()},
        )


def check_url(option: str, url: str) -> str:
    """The URL; refused where it cannot be one, or would show a password in every message."""
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        right = False
    if not right or re.search(r"\s", url):
        raise BadInputError(f"{option}: got '{url}'; right is http://host or https://host:port.")
    if parts.username is not None or parts.password is not None:
        raise BadInputError(
            f"{option}: it has a user name or password, which every message would show; right is"
            " a header Authorization."
        )
    return url


def check_headers(option: str, headers: Mapping[str, Any] | None) -> dict[str, str]:
    """The headers as texts; a value that is refused is not shown, as it may be a secret."""
    checked = {name: str(value) for name, value in (headers or {}).items()}
    for name, value in checked.items():
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise BadInputError(
                f"{option}: '{name}' or its value has characters that no HTTP header may have."
                " Right is printable ASCII in one line."
            )
    return checked


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> tuple[bytes, bool]:
    """At most a mebibyte, until the deadline: a stream that never ends is no answer."""
    content = b""
    for piece in response.stream(_PIECE):
        content += piece
        if len(content) > _LARGEST:
            return content[:_LARGEST], False
        if time.monotonic() > deadline:
            raise NoAnswerError("its answer did not come to its end in time")
    return content, True


def _cause(error: HTTPError, timeout: float) -> str:
    """What went wrong, without the names of urllib3's own objects."""
    if isinstance(error, LateError) and not isinstance(error, NewConnectionError):
        return f"no answer within {timeout:g} s"
    inner = error.__cause__ or error.args[-1]
    return str(getattr(inner, "strerror", None) or inner).rstrip(".")


def _context(verify: bool, ca_cert: str | None, option: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_cert)
    except (OSError, ssl.SSLError) as error:
        raise BadInputError(
            f"{option}: '{ca_cert}' cannot be used ({error}); right is a PEM file that can be read."
        ) from error
    if not verify:
        # Asked for by the user; a warning for each request would hide the result.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
