# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _impersonation

USER: dict[str, Any] = {
    "as": "jane",
    "as-groups": ["a", "b"],
    "as-uid": 7,
    "as-user-extra": {"acme.com/who": ["x", "y"], "Ümlaut 100%": ["z"]},
}
EXTRA = (
    ("Impersonate-Uid", "7"),
    ("Impersonate-Extra-acme.com%2Fwho", "x"),
    ("Impersonate-Extra-acme.com%2Fwho", "y"),
    ("Impersonate-Extra-%C3%9Cmlaut%20100%25", "z"),
)


@pytest.mark.parametrize(
    ("options", "user", "expected"),
    [
        pytest.param({}, {}, (), id="nobody"),
        pytest.param(
            {},
            USER,
            (
                ("Impersonate-User", "jane"),
                ("Impersonate-Group", "a"),
                ("Impersonate-Group", "b"),
                *EXTRA,
            ),
            id="kubeconfig",
        ),
        pytest.param(
            {"impersonate_user": "me"}, USER, (("Impersonate-User", "me"),), id="option wins"
        ),
        pytest.param(
            {"impersonate_groups": ["c"]},
            USER,
            (("Impersonate-User", "jane"), ("Impersonate-Group", "c"), *EXTRA),
            id="groups by option",
        ),
        pytest.param({}, {"as-groups": ["a"]}, (), id="groups of nobody"),
    ],
)
def test_whom_requests_act_as(
    options: dict[str, Any], user: dict[str, Any], expected: _impersonation.Headers
) -> None:
    assert _impersonation.headers(options, user) == expected
