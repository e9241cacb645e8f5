# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ssl

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _tls
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._kubeconfig import (
    Connection,
    Material,
)
from ansible_collections.meshwright.istio.tests.unit.support import roots


def test_certificate_that_is_no_certificate_is_refused() -> None:
    with pytest.raises(BadInputError, match="cannot be used"):
        _tls.context_of(Connection(server="https://x", client_cert=Material(data=b"no PEM")))


def test_authority_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadInputError, match="cannot be used"):
        _tls.context_of(Connection(server="https://x", ca=Material(path="/no/such/file")))


def test_authority_may_have_comments_in_any_language() -> None:
    bundle = Material(data=f"# Müller's own\n{roots.MESH}".encode())
    context = _tls.context_of(Connection(server="https://x", ca=bundle))
    assert context.cert_store_stats()["x509_ca"] == 1


def test_server_is_not_verified_only_when_asked_for() -> None:
    assert _tls.context_of(Connection(server="https://x")).verify_mode == ssl.CERT_REQUIRED
    open_context = _tls.context_of(Connection(server="https://x", verify=False))
    assert (open_context.verify_mode, open_context.check_hostname) == (ssl.CERT_NONE, False)
