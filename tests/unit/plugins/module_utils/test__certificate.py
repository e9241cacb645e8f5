# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import ssl
from datetime import UTC, datetime

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _certificate
from ansible_collections.meshwright.istio.tests.unit.support import leaves, roots
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_meshes import certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

END = datetime(2031, 4, 5, 6, 7, 8, tzinfo=UTC)
LATE = datetime(2055, 4, 5, 6, 7, 8, tzinfo=UTC)


@pytest.mark.parametrize("version", [True, False])
@pytest.mark.parametrize("end", [END, LATE])
def test_the_end_is_read_in_both_forms(end: datetime, version: bool) -> None:
    assert _certificate.earliest_end(certificate(end, version=version)) == end.timestamp()


def test_of_several_the_first_to_end_counts() -> None:
    assert _certificate.earliest_end(certificate(LATE) + certificate(END)) == END.timestamp()


@pytest.mark.parametrize("end", [END, LATE])
def test_the_end_of_a_real_certificate_is_read(end: datetime) -> None:
    """Made by the package that ansible-core itself needs."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "cluster.local")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    made = builder.sign(key, hashes.SHA256())
    text = made.public_bytes(serialization.Encoding.PEM).decode()
    assert _certificate.earliest_end(text) == end.timestamp()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----", id="no base64"),
        pytest.param("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----", id="cut off"),
        pytest.param("-----BEGIN CERTIFICATE-----\nAgEB\n-----END CERTIFICATE-----", id="a number"),
    ],
)
def test_nothing_is_said_of_what_cannot_be_read(text: str) -> None:
    assert _certificate.earliest_end(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(leaves.SHOP, leaves.NAMES, id="common name and others"),
        pytest.param(leaves.BLOG, {"blog.test"}, id="others alone, and critical"),
        pytest.param(leaves.BLOG + leaves.SHOP, {"blog.test"}, id="the first of a chain"),
        pytest.param(roots.MESH, set(), id="an authority has an organisation only"),
        pytest.param("", set(), id="none"),
        pytest.param(
            "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----", set(), id="bad"
        ),
    ],
)
def test_names(text: str, expected: set[str]) -> None:
    assert _certificate.names(text) == expected


def test_only_the_extension_with_names_is_read_for_them() -> None:
    """The serial number in an authority's key identifier has the tag of a host's name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "web.test")])
    issuer = x509.AuthorityKeyIdentifier(b"id", [x509.DirectoryName(subject)], 0x41)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(END)
        .add_extension(issuer, critical=False)
        .sign(key, hashes.SHA256())
    )
    text = made.public_bytes(serialization.Encoding.PEM).decode()
    assert _certificate.names(text) == {"web.test"}


def test_fingerprints_are_those_that_openssl_tells() -> None:
    """Which hashes the decoded certificate, as is done here by the standard library."""
    body = ssl.PEM_cert_to_DER_cert(leaves.SHOP)
    assert (
        _certificate.fingerprints(leaves.SHOP + roots.MESH)[0] == hashlib.sha256(body).hexdigest()
    )
    assert len(_certificate.fingerprints(leaves.SHOP + roots.MESH)) == 2
    assert _certificate.fingerprints("nothing") == ()
