# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stage on which most of the roles' tests play."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ansible_collections.meshwright.istio.tests.unit.support.upgrade_stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A cluster in which nothing is on record."""
    # The collection can be imported once pytest has read this file, and not before.
    from ansible_collections.meshwright.istio.tests.unit.support import (  # noqa: PLC0415
        upgrade_stage,
    )

    with upgrade_stage.stage(tmp_path) as made:
        yield made
