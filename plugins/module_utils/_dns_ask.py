# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Questions to authoritative DNS servers, and an update that is only tried."""

from __future__ import annotations

import binascii
import contextlib
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.meshwright.istio.plugins.module_utils._dns_answer import Answer, Server
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    MeshError,
    RefusedError,
)

if TYPE_CHECKING:
    from dns.rdatatype import RdataType

# `check_installed` refuses without it, before anything else here is called.
with contextlib.suppress(ImportError):
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdatatype
    import dns.rrset
    import dns.tsig
    import dns.update

# One datagram may be lost, and a server that loads its zone anew says SERVFAIL for a moment.
_TRIES = 3
# No service is at these, so that no record has them and taking them out changes nothing.
_NOWHERE = {"A": "0.0.0.0", "AAAA": "::"}  # noqa: S104 - nothing listens there
_SECONDS = 5.0


class NoAnswerError(Exception):
    """A server gave no answer that can be used; the text says why, behind the server's name."""


class LostError(NoAnswerError):
    """There was none at all, so that the next try may have one."""


def check_installed() -> None:
    """Refuse a Python that lacks the package."""
    if "dns" not in globals():
        raise MeshError("Python lacks the package dnspython here: pip install dnspython.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which record is asked for, in which way."""

    zone: dns.name.Name
    record: dns.name.Name
    type: str
    key: dns.tsig.Key | None
    udp: bool

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Question:
        """Read the options; refused where no server could be asked so."""
        zone, record = _name("zone", params["zone"]), _name("record", params["record"])
        if not record.is_subdomain(zone):
            raise BadInputError(
                f"record: got '{params['record']}', which is not in the zone {zone}; right is the"
                " whole name of a record in the zone."
            )
        return cls(
            zone=zone,
            record=record,
            type=params["type"],
            key=_key(params),
            udp=params["protocol"] == "udp",
        )

    @property
    def rdtype(self) -> RdataType:
        return dns.rdatatype.from_text(self.type)


def ask(server: Server, question: Question) -> Answer:
    """The addresses that this server has, with what its zone says."""
    try:
        found = _find(server, question, question.record, question.rdtype)
        soa = _find(server, question, question.zone, dns.rdatatype.SOA)
    except NoAnswerError as error:
        return Answer(server=server.name, error=str(error))
    addresses = sorted(ipaddress.ip_address(rdata.address) for rdata in found)
    return Answer(
        server=server.name,
        addresses=tuple(map(str, addresses)),
        ttl=found.ttl,
        serial=soa[0].serial,
        negative=min(soa.ttl, soa[0].minimum),
    )


def check_updates(server: Server, question: Question) -> None:
    """Refuse a server that would not take updates of the record.

    It is asked to take out an address that the record does not have: it has to look whether this is
    allowed, and then has nothing to change, so that the zone keeps its serial.
    """
    update = dns.update.UpdateMessage(question.zone)
    update.present(question.record, question.rdtype)
    update.delete(question.record, question.type, _NOWHERE[question.type])
    if question.key is not None:
        update.use_tsig(question.key)
    try:
        code = _retried(lambda: _send(server, question, update)).rcode()
        problem = "" if code == dns.rcode.NOERROR else f"refuses with {dns.rcode.to_text(code)}"
    except NoAnswerError as error:
        problem = str(error)
    if problem:
        name = str(question.key.name) if question.key is not None else "no key"
        raise RefusedError(
            f"{server.name} does not take updates of {question.record} {question.type} with"
            f" {name}: it {problem}. Let this key update the record there, or correct key_name,"
            " key_secret and key_algorithm."
        )


def _find(
    server: Server, question: Question, name: dns.name.Name, rdtype: RdataType
) -> dns.rrset.RRset:
    """What the server has under this name, without following an alias."""
    # Without the key, which secondaries need not know: what resolvers are told is what counts.
    query = dns.message.make_query(name, rdtype, flags=0)
    found = _retried(lambda: _send(server, question, query))
    code = found.rcode()
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise NoAnswerError(f"refuses to answer for {name} ({dns.rcode.to_text(code)})")
    if not found.flags & dns.flags.AA:
        raise NoAnswerError(f"answers for {name} without authority")
    sections = {rrset.rdtype: rrset for rrset in found.answer if rrset.name == name}
    if rdtype in sections:
        return sections[rdtype]
    if dns.rdatatype.CNAME in sections:
        alias = sections[dns.rdatatype.CNAME][0].target
        raise NoAnswerError(f"has an alias of {alias} at {name}, which has no addresses itself")
    raise NoAnswerError(f"has no record {name} of the type {dns.rdatatype.to_text(rdtype)}")


def _retried(send: Callable[[], dns.message.Message]) -> dns.message.Message:
    """Both a question and an update that changes nothing may be sent again."""
    for left in reversed(range(_TRIES)):
        try:
            found = send()
        except LostError:
            if not left:
                raise
        else:
            if not left or found.rcode() != dns.rcode.SERVFAIL:
                return found
    raise AssertionError("the last try returns or raises")


def _send(server: Server, question: Question, query: dns.message.Message) -> dns.message.Message:
    """One try, with what went wrong in words."""
    try:
        if question.udp:
            return dns.query.udp_with_fallback(
                query, server.host, timeout=_SECONDS, port=server.port
            )[0]
        return dns.query.tcp(query, server.host, timeout=_SECONDS, port=server.port)
    except dns.tsig.PeerBadKey as error:
        raise NoAnswerError("does not know the key") from error
    except (dns.tsig.PeerBadSignature, dns.tsig.BadSignature) as error:
        raise NoAnswerError("has another secret or algorithm for the key") from error
    except dns.tsig.PeerBadTime as error:
        raise NoAnswerError("has another time than this machine") from error
    except dns.exception.Timeout as error:
        raise LostError(f"did not answer within {_SECONDS:g} s") from error
    except (dns.exception.DNSException, EOFError) as error:
        raise NoAnswerError(f"gave no answer that can be read ({type(error).__name__})") from error
    except OSError as error:
        raise LostError(f"cannot be reached ({error.strerror or error})") from error


def _name(option: str, text: str) -> dns.name.Name:
    try:
        return dns.name.from_text(text)
    except dns.exception.DNSException as error:
        raise BadInputError(f"{option}: got '{text}'; right is the name of a domain.") from error


def _key(params: Mapping[str, Any]) -> dns.tsig.Key | None:
    if not params["key_name"]:
        return None
    name = _name("key_name", params["key_name"])
    try:
        return dns.tsig.Key(name, params["key_secret"] or "", params["key_algorithm"])
    except binascii.Error as error:
        raise BadInputError(
            f"key_secret: that of {name} is not in base64; right is as the server's configuration"
            " has it."
        ) from error
