# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._share import (
    check_share,
    is_within,
    position,
)

NAMES = [f"team-{number}" for number in range(2000)]


def test_position_is_the_same_for_ever() -> None:
    # A cluster half moved by an earlier release must not be chosen anew: these never change.
    assert position("web") == pytest.approx(29.4408, abs=1e-4)
    assert position("orders") == pytest.approx(10.9719, abs=1e-4)


@pytest.mark.parametrize("share", [1, 12.5, 25, 50, 99], ids="{} per cent".format)
def test_share_takes_about_its_part_of_many(share: float) -> None:
    taken = sum(is_within(name, share) for name in NAMES)
    assert taken == pytest.approx(len(NAMES) * share / 100, abs=60)


def test_share_that_grows_keeps_what_it_had() -> None:
    before: set[str] = set()
    for share in (0.5, 5, 10, 50, 99.9, 100):
        now = {name for name in NAMES if is_within(name, share)}
        assert before <= now
        before = now
    assert before == set(NAMES)


@pytest.mark.parametrize("share", [0, -1, 100.5, float("nan")], ids=["none", "less", "more", "nan"])
def test_share_is_refused_when_it_is_none(share: float) -> None:
    with pytest.raises(BadInputError, match=r"^share: got .*; right is more than 0"):
        check_share(share)
