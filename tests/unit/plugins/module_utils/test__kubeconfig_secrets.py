# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._kubeconfig_secrets import secrets

SECRET_USERS = [
    pytest.param({"token": "t0ken", "client-key-data": "k3y", "username": "jane"}, id="itself"),
    pytest.param(
        {
            "auth-provider": {
                "name": "oidc",
                "config": {"client-id": "me", "client-secret": "t0ken", "access-token": "k3y"},
            }
        },
        id="provider",
    ),
    pytest.param(
        {
            "exec": {
                "command": "aws",
                "env": [
                    {"name": "AWS_PROFILE", "value": "default"},
                    {"name": "AWS_SECRET_ACCESS_KEY", "value": "t0ken"},
                    {"name": "vault_token", "value": "k3y"},
                ],
            }
        },
        id="plugin",
    ),
]


@pytest.mark.parametrize("user", SECRET_USERS)
def test_secrets_of_a_dictionary_are_found(user: dict[str, Any]) -> None:
    assert set(secrets({"users": [{"name": "u", "user": user}]})) == {"t0ken", "k3y"}


@pytest.mark.parametrize("value", ["/a/path", None, pytest.param({"token": ""}, id="an empty one")])
def test_where_nothing_is_secret_nothing_is_found(value: Any) -> None:
    assert set(secrets(value)) == set()
