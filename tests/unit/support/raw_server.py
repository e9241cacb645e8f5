# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers on loopback that do what no HTTP library lets them: they stall, or speak only TLS."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(frozen=True)
class Certificate:
    """One that has signed itself, as files."""

    cert: Path
    key: Path


@contextmanager
def speaking(*pieces: bytes, pause: float = 0, tls: Certificate | None = None) -> Iterator[str]:
    """The URL of a server that sends these pieces to each client, with a pause after each."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.02)
        thread = threading.Thread(target=_serve, args=(listener, pieces, pause, tls, over))
        thread.start()
        try:
            scheme = "https" if tls else "http"
            yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def make_certificate(folder: Path) -> Certificate:
    """One for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(folder / "cert.pem", folder / "key.pem")
    made.cert.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made


def _serve(
    listener: socket.socket,
    pieces: Sequence[bytes],
    pause: float,
    tls: Certificate | None,
    over: threading.Event,
) -> None:
    while not over.is_set():
        # A client that goes away, or does not trust us, is what some tests are about.
        with suppress(OSError), _accept(listener, tls) as client:
            client.recv(65536)
            for piece in pieces:
                client.sendall(piece)
                over.wait(pause)


def _accept(listener: socket.socket, tls: Certificate | None) -> socket.socket:
    client, _address = listener.accept()
    client.settimeout(60)
    if tls is None:
        return client
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.cert, tls.key)
    return context.wrap_socket(client, server_side=True)
