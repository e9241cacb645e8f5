# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._journal import Journal, Upgrade
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Path, Phase, Step

UPGRADE = Upgrade(path=Path.CANARY, source="1-28", target="1-29")
OPENED = Step(phase=Phase.OPENED)


def journal(**facts: object) -> Journal:
    return Journal(upgrade=UPGRADE, step=OPENED, reached=OPENED, opened="t0", facts=facts)


def test_journal_survives_the_way_through_a_config_map() -> None:
    long = journal(before={"shop": None})
    for number in range(1, 601):
        step = Step(phase=Phase.WAVE_MOVED, wave=number)
        long = long.with_entry(str(number), step, "one", "Moved.")
    item = long.to_object("istio-system", "12")
    assert item["metadata"]["resourceVersion"] == "12"
    assert Journal.from_object(item) == long
    assert (len(long.history), long.history_dropped) == (500, 100)
    assert "resourceVersion" not in journal().to_object("istio-system", None)["metadata"]


def test_journal_that_would_not_fit_is_refused() -> None:
    with pytest.raises(BadInputError, match=r"^facts: the journal would grow to 1\d{6} bytes"):
        journal(big="x" * 1_000_000).to_object("istio-system", None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param({}, "cannot be read as a journal", id="empty"),
        pytest.param({"journal.json": "{"}, "cannot be read as a journal", id="cut off"),
        pytest.param({"journal.json": "[]"}, "cannot be read as a journal", id="something else"),
        pytest.param(
            {"journal.json": '{"format": 1}'}, "cannot be read as a journal", id="partial"
        ),
        pytest.param({"journal.json": '{"format": 2}'}, "by another release", id="newer"),
    ],
)
def test_journal_that_cannot_be_read(data: dict[str, str], message: str) -> None:
    item = {"metadata": {"name": "meshwright-upgrade", "namespace": "mesh"}, "data": data}
    with pytest.raises(RefusedError, match=f"mesh/meshwright-upgrade .*{message}"):
        Journal.from_object(item)
