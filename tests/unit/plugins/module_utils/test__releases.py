# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _releases
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version


def version(text: str) -> Version:
    found = Version.parse(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("istio", "kubernetes"),
    [
        pytest.param("1.31.0", (32, 36), id="the newest"),
        pytest.param("1.24.6", (28, 31), id="the oldest"),
        pytest.param("1.23.6", None, id="one from before the table"),
        pytest.param("1.99.0", None, id="one after it"),
        pytest.param("2.31.0", None, id="another major"),
    ],
)
def test_each_release_says_which_kubernetes_it_supports(
    istio: str, kubernetes: tuple[int, int] | None
) -> None:
    assert _releases.supported_kubernetes(version(istio)) == kubernetes


def test_every_release_that_the_collection_claims_is_in_the_table() -> None:
    assert _releases.known_releases() == [f"1.{minor}" for minor in range(24, 32)]
