# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authoritative DNS servers on loopback, with one zone, that answer as they are told."""

from __future__ import annotations

import base64
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsigkeyring
import dns.update

ZONE = "harbour.example."
RECORD = f"quay.{ZONE}"
KEY = "pilot"
SECRET = base64.b64encode(b"the secret of these tests").decode()
_KEYRING = dns.tsigkeyring.from_text({KEY: ("hmac-sha256", SECRET)})


@dataclass
class NameServer:
    """What it has under the name of the record; `codes` come first, one for each message."""

    address: str
    addresses: list[str] = field(default_factory=lambda: ["10.1.0.1"])
    ttl: int = 60
    serial: int = 3
    alias: str = ""
    authoritative: bool = True
    codes: list[dns.rcode.Rcode] = field(default_factory=list)
    updates_by: str = f"{KEY}."
    asked: list[dns.message.Message] = field(default_factory=list)

    def answer(self, wire: bytes) -> bytes:
        message = dns.message.from_wire(wire, keyring=_KEYRING)
        self.asked.append(message)
        response = dns.message.make_response(message)
        if self.authoritative:
            response.flags |= dns.flags.AA
        if self.codes:
            response.set_rcode(self.codes.pop(0))
        elif message.opcode() == dns.opcode.UPDATE:
            response.set_rcode(self._take(message))
        else:
            self._look_up(message, response)
        return response.to_wire()

    def _take(self, message: dns.message.Message) -> dns.rcode.Rcode:
        """Only what takes nothing out and puts nothing in is known here."""
        if str(message.keyname) != self.updates_by:
            return dns.rcode.REFUSED
        assert isinstance(message, dns.update.UpdateMessage)
        for rrset in message.update:
            assert rrset.deleting
            if {each.address for each in rrset} & set(self.addresses):
                self.serial += 1
        return dns.rcode.NOERROR

    def _look_up(self, message: dns.message.Message, response: dns.message.Message) -> None:
        [question] = message.question
        name = str(question.name)
        if question.rdtype == dns.rdatatype.SOA and name == ZONE:
            soa = f"ns.{ZONE} admin.{ZONE} {self.serial} 60 10 86400 30"
            response.answer.append(dns.rrset.from_text(name, 3600, "IN", "SOA", soa))
        elif name == RECORD and self.alias:
            response.answer.append(dns.rrset.from_text(name, self.ttl, "IN", "CNAME", self.alias))
        elif name == RECORD and self.addresses:
            rdtype = dns.rdatatype.to_text(question.rdtype)
            response.answer.append(
                dns.rrset.from_text(name, self.ttl, "IN", rdtype, *self.addresses)
            )
        else:
            response.set_rcode(dns.rcode.NXDOMAIN)


@contextmanager
def serving() -> Iterator[NameServer]:
    """One at a port of its own, for TCP and for UDP."""

    class Stream(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            [length] = struct.unpack("!H", self.rfile.read(2))
            wire = server.answer(self.rfile.read(length))
            self.wfile.write(struct.pack("!H", len(wire)) + wire)

    class Datagram(socketserver.DatagramRequestHandler):
        def handle(self) -> None:
            self.wfile.write(server.answer(self.rfile.read()))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Stream) as tcp:
        place = tcp.server_address
        server = NameServer(address=f"127.0.0.1:{place[1]}")
        with socketserver.ThreadingUDPServer(("127.0.0.1", place[1]), Datagram) as udp:
            threads = [
                threading.Thread(target=each.serve_forever, args=(0.01,)) for each in (tcp, udp)
            ]
            for thread in threads:
                thread.start()
            try:
                yield server
            finally:
                for each in (tcp, udp):
                    each.shutdown()
                for thread in threads:
                    thread.join()
