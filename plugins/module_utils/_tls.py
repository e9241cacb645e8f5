# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The TLS of a connection: whom it trusts, and the certificate that it shows."""

from __future__ import annotations

import os
import ssl
import tempfile
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._kubeconfig import (
    Connection,
    Material,
)


def context_of(connection: Connection) -> ssl.SSLContext:
    """One context for all connections: to build one takes longer than to connect."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not connection.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        if connection.verify:
            _trust(context, connection.ca)
        if connection.client_cert is not None:
            with _File(connection.client_cert) as cert, _File(connection.client_key) as key:
                context.load_cert_chain(cert.name, key.name if key.name else None)
    except (OSError, ssl.SSLError) as error:
        raise BadInputError(
            f"A certificate or key of the kubeconfig cannot be used: {error}. "
            "Give one that can be read and is valid PEM."
        ) from error
    return context


def _trust(context: ssl.SSLContext, authority: Material | None) -> None:
    if authority is None:
        context.load_default_certs()
    elif authority.data is not None:
        # Only a comment can be more than ASCII, and the ssl module refuses it.
        context.load_verify_locations(cadata=authority.data.decode("ascii", errors="ignore"))
    else:
        context.load_verify_locations(cafile=authority.path)


class _File:
    """The path of a certificate or key for the ssl module, which takes nothing but files."""

    def __init__(self, material: Material | None) -> None:
        self._temporary: Any = None
        self.name: str = ""
        if material is not None and material.data is not None:
            self._temporary = tempfile.NamedTemporaryFile()  # noqa: SIM115 - closed in __exit__
            self._temporary.write(material.data)
            self._temporary.flush()
            self.name = self._temporary.name
        elif material is not None:
            self.name = os.fspath(material.path or "")

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._temporary is not None:
            self._temporary.close()
