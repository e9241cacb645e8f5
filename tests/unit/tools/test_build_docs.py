# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A link that leads nowhere is noticed, unless it leads to pages that are not ours."""

from __future__ import annotations

import pytest

from tools.build_docs import own_warnings


@pytest.mark.parametrize(
    ("line", "is_own"),
    [
        pytest.param(
            "a.rst:3: WARNING: undefined label: 'ansible_collections.meshwright.istio.no' [ref]",
            True,
            id="our page",
        ),
        pytest.param("a.rst:3: ERROR: Unexpected indentation. [docutils]", True, id="error"),
        pytest.param("a.rst:9: WARNING: undefined label: 'action_plugins' [ref]", False, id="core"),
        pytest.param(
            "a.rst:9: WARNING: undefined label: 'ansible_collections.community.okd.k8s' [ref]",
            False,
            id="another collection",
        ),
        pytest.param(
            "WARNING: failed to reach any of the inventories with the following issues:",
            False,
            id="no network",
        ),
        pytest.param("writing output... [50%] index", False, id="progress"),
    ],
)
def test_own_warnings(line: str, is_own: bool) -> None:
    assert own_warnings(f"reading\n{line}\ndone\n") == ([line] if is_own else [])
