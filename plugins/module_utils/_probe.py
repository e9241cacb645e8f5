# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A probe: an HTTP request whose answer tells whether something works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._gate import Check, Sample
from ansible_collections.meshwright.istio.plugins.module_utils._web import (
    NoAnswerError,
    Reply,
    Web,
    check_headers,
    check_url,
)

KIND = "probe"
OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "url": {"type": "str", "required": True},
    "method": {"choices": ["GET", "HEAD", "OPTIONS", "POST"], "default": "GET"},
    "headers": {"type": "dict", "default": {}},
    "secret_headers": {"type": "dict", "no_log": True},
    "expect": {"type": "list", "elements": "int", "default": [200]},
    "body_contains": {"type": "str"},
    "timeout": {"type": "int", "default": 5},
    "validate_certs": {"type": "bool", "default": True},
    "ca_cert": {"type": "path"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One entry of the option."""

    name: str
    url: str
    method: str
    headers: Mapping[str, str] = field(repr=False)
    expect: tuple[int, ...]
    body_contains: str | None
    timeout: int
    verify: bool
    ca_cert: str | None

    @property
    def option(self) -> str:
        return f"probes[{self.name}]"

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Probe:
        """Read the option."""
        option = f"probes[{params['name']}]"
        probe = cls(
            name=params["name"],
            url=check_url(f"{option}.url", params["url"]),
            method=params["method"],
            headers={
                **check_headers(f"{option}.headers", params["headers"]),
                **check_headers(f"{option}.secret_headers", params["secret_headers"]),
            },
            expect=tuple(params["expect"]),
            body_contains=params["body_contains"],
            timeout=params["timeout"],
            verify=params["validate_certs"],
            ca_cert=params["ca_cert"],
        )
        probe.check()
        return probe

    def check(self) -> None:
        """Refuse what could never hold."""
        wrong = [status for status in self.expect if not 100 <= status <= 599]
        if wrong or not self.expect:
            raise BadInputError(
                f"{self.option}.expect: got {list(self.expect)}; right is at least one status,"
                " from 100 to 599."
            )
        if self.timeout < 1:
            raise BadInputError(
                f"{self.option}.timeout: got {self.timeout}; right is at least 1 second."
            )
        if self.body_contains is not None and self.method == "HEAD":
            raise BadInputError(
                f"{self.option}.body_contains: given with method HEAD, whose answer has no body;"
                " right is GET."
            )

    def complaint(self, reply: Reply) -> str:
        """What is wrong with the answer; empty where nothing is."""
        if reply.status not in self.expect:
            wanted = " or ".join(map(str, self.expect))
            return f", and {wanted} is expected" + (
                f"; it redirects to {reply.location}" if reply.location else ""
            )
        text = self.body_contains
        if text is not None and text not in reply.body.decode(errors="replace"):
            return f" without '{text}'" + ("" if reply.whole else " in its first mebibyte")
        return ""


class ProbeSource:
    """Sends the probe whenever it is looked at."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._web = Web(
            verify=probe.verify, ca_cert=probe.ca_cert, option=f"{probe.option}.ca_cert"
        )
        self.checks: Sequence[Check] = [Check(name=probe.name, kind=KIND, object=probe.url)]

    def look(self, now: datetime) -> list[Sample]:
        """No answer is what the probe looks for, so it is measured, and bad."""
        probe = self._probe
        value = None
        try:
            reply = self._web.send(
                probe.method, probe.url, headers=probe.headers, timeout=probe.timeout
            )
        except NoAnswerError as error:
            complaint = text = str(error)
        else:
            complaint = probe.complaint(reply)
            value = float(reply.status)
            text = f"{reply.status} in {reply.seconds:.3f} s{complaint}"
        return [
            Sample(
                time=now,
                check=probe.name,
                object=probe.url,
                text=text,
                value=value,
                ok=not complaint,
            )
        ]
