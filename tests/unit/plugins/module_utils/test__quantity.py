# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _quantity


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        pytest.param("250m", 0.25, id="thousandths of a core"),
        pytest.param("2", 2, id="whole cores"),
        pytest.param(1.5, 1.5, id="a number"),
        pytest.param("128Mi", 128 * 2**20, id="binary megabytes"),
        pytest.param("2G", 2e9, id="decimal gigabytes"),
        pytest.param("64k", 64000, id="decimal kilobytes"),
        pytest.param("1e3", 1000, id="an exponent"),
        pytest.param("3E", 3e18, id="exabytes are no exponent"),
    ],
)
def test_an_amount_is_read_as_the_api_server_does(text: str | float, amount: float) -> None:
    assert _quantity.parse(text) == pytest.approx(amount)


@pytest.mark.parametrize("text", ["", "12 Mi", "Mi", "5q"])
def test_what_is_no_amount_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="is no amount"):
        _quantity.parse(text)
