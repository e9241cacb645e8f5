# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What the authoritative servers of a zone say about one record, and whether they agree."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._dns_share import Sides
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    MeshError,
    RefusedError,
)

_PORT = 53
_PORTS = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a server listens; `name` is as it was given."""

    name: str
    host: str
    port: int

    @classmethod
    def from_text(cls, text: str) -> Server:
        """Read `address`, `address:port` or `[address of IPv6]:port`."""
        host, colon, port = text.rpartition(":")
        if not colon or (":" in host and not host.startswith("[")):
            host, port = text, str(_PORT)
        try:
            address = str(ipaddress.ip_address(host.strip("[]")))
            number = int(port)
        except ValueError:
            address, number = "", 0
        if not address or not 0 < number < _PORTS:
            raise BadInputError(f"servers: got '{text}'; right is an address, or address:port.")
        return cls(name=text, host=address, port=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one server said; with an `error`, there is nothing else.

    `negative` is for how many seconds resolvers may remember that a record is not there.
    """

    server: str
    addresses: tuple[str, ...] = ()
    ttl: int | None = None
    serial: int | None = None
    negative: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What all of them said; the first is the one that takes the updates."""

    record: str
    answers: tuple[Answer, ...]
    sides: Sides | None = None

    @property
    def _given(self) -> list[Answer]:
        return [answer for answer in self.answers if not answer.error]

    @property
    def addresses(self) -> tuple[str, ...]:
        """As the first server that answered has them."""
        return self._given[0].addresses if self._given else ()

    @property
    def ttl(self) -> int:
        """The longest that a resolver may just have been told."""
        return max((answer.ttl or 0 for answer in self._given), default=0)

    @property
    def share(self) -> int | None:
        return self.sides.share(self.addresses) if self.sides else None

    @property
    def strangers(self) -> tuple[str, ...]:
        return self.sides.strangers(self.addresses) if self.sides else ()

    @property
    def equal(self) -> bool:
        return not self.disagreement()

    def disagreement(self) -> str:
        """The first server that does not say the same as the first, and how it differs."""
        for answer in self.answers:
            if answer.error:
                return f"{answer.server} {answer.error}"
        first, *others = self.answers
        for answer in others:
            if answer.addresses != first.addresses:
                return (
                    f"{answer.server} has {', '.join(answer.addresses)} where {first.server} has"
                    f" {', '.join(first.addresses)}"
                )
            if answer.ttl != first.ttl:
                return f"{answer.server} has the TTL {answer.ttl}, {first.server} {first.ttl}"
        return ""

    def reason(self) -> str:
        """Why the share does not hold; empty where it does."""
        if strangers := self.strangers:
            return f"{', '.join(strangers)} belongs to neither cluster"
        return self.disagreement()

    def check_answered(self) -> None:
        """Refuse a picture in which there is nothing to see."""
        if not self._given:
            said = "; ".join(f"{answer.server} {answer.error}" for answer in self.answers)
            raise MeshError(
                f"No server tells the addresses of {self.record}: {said}. Correct servers, zone or"
                " record, or mend the servers."
            )

    def check_complete(self) -> None:
        """Refuse what must not be switched: a server that is silent, or a stranger's address."""
        for answer in self.answers:
            if answer.error:
                raise RefusedError(
                    f"{answer.server} {answer.error}. Every server of servers has to answer with"
                    " authority, since resolvers may ask any of them: correct it or mend it."
                )
        if strangers := sorted({one for each in self.answers for one in self._strange(each)}):
            raise RefusedError(
                f"{self.record} has the address {', '.join(strangers)}, which belongs to neither"
                " cluster: add it to source_addresses or target_addresses, or take it out of the"
                " record."
            )

    def _strange(self, answer: Answer) -> Sequence[str]:
        return self.sides.strangers(answer.addresses) if self.sides else ()

    def shows(self, addresses: Sequence[str], ttl: int | None) -> bool:
        """Whether every server has exactly these addresses, and that TTL if there is one."""
        return all(
            not answer.error
            and sorted(answer.addresses) == sorted(addresses)
            and ttl in (None, answer.ttl)
            for answer in self.answers
        )

    def result(self) -> dict[str, Any]:
        """The facts, as the module returns them."""
        negative = [each.negative for each in self._given if each.negative is not None]
        return {
            "record": self.record,
            "addresses": list(self.addresses),
            "ttl": self.ttl,
            "negative": max(negative, default=None),
            "equal": self.equal,
            "share": self.share,
            "holds": not self.reason(),
            "reason": self.reason(),
        }
