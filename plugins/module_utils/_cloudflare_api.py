# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Cloudflare's API: requests that are repeated where that is safe, and errors in words."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
    MeshError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._http import URLLIB3_ERROR
from ansible_collections.meshwright.istio.plugins.module_utils._web import (
    NoAnswerError,
    Reply,
    Web,
    check_headers,
    check_url,
)

_ID = re.compile(r"[0-9a-f]{32}")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PAGE = 50
_TIMEOUT = 30.0
# Doubled from one try to the next. By these, a run that meets nothing but errors asks less than
# twenty times a minute, of the 240 that Cloudflare allows a user.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 8.0
# Where a refusal for too many requests does not say how long it lasts, it is five minutes.
_BLOCKED = 300.0
_QUOTA = re.compile(r"\br=(\d+)\s*;\s*t=(\d+)")
# The codes by which Cloudflare refuses a token, whatever the status is.
_TOKEN_CODES = {1000, 6003, 6111, 9106, 9109, 10000}
_SHOWN = 300


class LostError(Exception):
    """Whether the request was carried out is not known; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the API is, and by which token."""

    url: str
    zone: str
    account: str
    token: str = field(repr=False)
    verify: bool
    ca_cert: str | None
    patience: int

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Settings:
        """Read a module's options."""
        if not params["token"]:
            raise BadInputError(
                "token: there is none; right is an API token, here or as CLOUDFLARE_API_TOKEN in"
                " the environment."
            )
        zone, account = params["zone_id"], params["account_id"]
        given = {"zone_id": zone, **({"account_id": account} if account else {})}
        for option, value in given.items():
            if not _ID.fullmatch(value):
                raise BadInputError(
                    f"{option}: got '{value}'; right are 32 hexadecimal digits, as the overview of"
                    " the zone shows them."
                )
        if params["retry_timeout"] < 0:
            raise BadInputError(
                f"retry_timeout: got {params['retry_timeout']}; right is 0 or more seconds."
            )
        return cls(
            url=_check_base(params["api_url"]),
            zone=zone,
            account=account,
            token=check_headers("token", {"Authorization": params["token"]})["Authorization"],
            verify=params["validate_certs"],
            ca_cert=params["ca_cert"],
            patience=params["retry_timeout"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time, so that tests need not wait."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Cloudflare:
    """One zone, for the time of one module."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.zone, self.account = settings.zone, settings.account
        self._settings = settings
        self._clock = clock or Clock()
        self._web = Web(verify=settings.verify, ca_cert=settings.ca_cert, option="ca_cert")
        self._deadline = self._clock.monotonic() + settings.patience
        self._pause = _FIRST_PAUSE
        self._next = 0.0

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The whole answer, `result` and all."""
        return self.repeat("GET", f"{path}?{urlencode(query)}" if query else path)

    def list(self, path: str) -> list[dict[str, Any]]:
        """The items of every page."""
        items: list[dict[str, Any]] = []
        page = pages = 1
        while page <= pages:
            answer = self.get(path, {"page": page, "per_page": _PAGE})
            items += answer["result"] or ()
            pages = (answer.get("result_info") or {}).get("total_pages") or 1
            page += 1
        return items

    def repeat(self, method: str, path: str, body: str | None = None) -> dict[str, Any]:
        """The answer to a request that may be sent more than once."""
        while True:
            try:
                return self.once(method, path, body)
            except LostError as lost:
                self.wait(f"{method} {path}", str(lost))

    def once(self, method: str, path: str, body: str | None = None) -> dict[str, Any]:
        """The answer; LostError where the request may have been carried out or not."""
        while True:
            reply = self._send(method, path, body)
            if reply.status != 429:
                break
            # It was not carried out, so it may be sent again, whatever it is.
            blocked = _number(reply.headers.get("retry-after")) or _BLOCKED
            self.wait(f"{method} {path}", "it allows no more requests now (429)", blocked)
        if reply.status >= 500:
            raise LostError(f"it answered {reply.status}")
        if not reply.whole:
            raise LostError("its answer is larger than a mebibyte")
        return _read(f"{method} {path}", reply)

    def wait(self, what: str, why: str, seconds: float | None = None) -> None:
        """Let time pass before another try; ApiError when there is none left."""
        pause = self._pause if seconds is None else seconds
        if seconds is None:
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        if self._clock.monotonic() + pause > self._deadline:
            raise ApiError(
                f"Cloudflare does not carry out {what} within {self._settings.patience} s: {why}."
                " Look at the network and at www.cloudflarestatus.com, and run it again.",
                status=0,
                reason="Unreachable",
            )
        self._clock.sleep(pause)

    def _send(self, method: str, path: str, body: str | None) -> Reply:
        rest = self._next - self._clock.monotonic()
        if rest > 0:
            self.wait(f"{method} {path}", "it allows no more requests now", rest)
        headers = {
            "Authorization": f"Bearer {self._settings.token}",
            "Accept": "application/json",
            "User-Agent": "meshwright.istio",
            **({} if body is None else {"Content-Type": "application/json"}),
        }
        url = self._settings.url + path
        try:
            reply = self._web.send(method, url, headers=headers, body=body, timeout=_TIMEOUT)
        except NoAnswerError as error:
            raise LostError(str(error)) from error
        quotas = _QUOTA.findall(reply.headers.get("ratelimit", ""))
        used_up = [int(seconds) for left, seconds in quotas if int(left) == 0]
        self._next = self._clock.monotonic() + max(used_up, default=0)
        return reply


def create_client(params: Mapping[str, Any]) -> Cloudflare:
    """The client for the options of a module."""
    if URLLIB3_ERROR is not None:
        raise MeshError("Python lacks the package urllib3 here. Install it: pip install urllib3.")
    return Cloudflare(Settings.from_params(params))


def _check_base(url: str) -> str:
    parts = urlsplit(check_url("api_url", url))
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise BadInputError(f"api_url: got '{url}'; right is https, for the token goes with it.")
    return url.rstrip("/")


def _number(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None


def _read(what: str, reply: Reply) -> dict[str, Any]:
    try:
        answer = json.loads(reply.body)
        success, errors = answer["success"], answer.get("errors") or ()
        codes = {each["code"] for each in errors}
        said = "; ".join(f"{each['message']} ({each['code']})" for each in errors)
    except (ValueError, TypeError, LookupError, AttributeError):
        text = " ".join(reply.body.decode(errors="replace").split())[:_SHOWN]
        raise ApiError(
            f"What answers {what} with {reply.status} is not Cloudflare's API: '{text}'. Look at"
            " api_url, and at what is between.",
            status=reply.status,
        ) from None
    if success and reply.status < 300:
        return dict(answer)
    if reply.status in (401, 403) or codes & _TOKEN_CODES:
        raise ApiError(
            f"Cloudflare refuses the token for {what}: {said}. Give it the rights Load Balancers"
            " Write on the zone and Load Balancing: Monitors and Pools Read on the account, and"
            " look whether it is still valid.",
            status=reply.status,
            reason="Token",
        )
    raise ApiError(
        f"Cloudflare refuses {what} with {reply.status}: {said}. Correct what it names.",
        status=reply.status,
        reason="Refused",
    )
