# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two clusters with the same mesh, of which the second has the newer Istio."""

from __future__ import annotations

import pytest

from tests.integration.support import pairing
from tests.integration.support.pairing import Pair


@pytest.fixture
def pair() -> Pair:
    """Both as they were when they were new, but for the Istio of the second."""
    return pairing.restored()
