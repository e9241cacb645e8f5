# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from contextlib import nullcontext
from unittest import mock

import pytest

from sandbox import istio
from sandbox.errors import SandboxError, UsageError
from sandbox.istio import Bad


def test_operator_has_the_version_and_the_revision() -> None:
    spec = istio.operator("1.31", "1-31")["spec"]
    assert (spec["tag"], spec["revision"]) == ("1.31.0", "1-31")
    assert istio.operator("1.30")["spec"]["revision"] == ""


def test_operator_of_a_version_that_was_not_built() -> None:
    with pytest.raises(UsageError, match=r"no Istio 1\.29 .*use 1\.30 or 1\.31"):
        istio.operator("1.29")


@pytest.mark.parametrize("bad", Bad)
def test_a_bad_version_differs_by_its_values_alone(bad: Bad) -> None:
    good, spoilt = (istio.operator("1.31", "1-31", each)["spec"] for each in (None, bad))
    values = spoilt.pop("values")
    expected = good.pop("values")
    assert spoilt == good
    assert values != expected
    # What the file does not name stays.
    assert values["global"]["proxy"]["resources"] == expected["global"]["proxy"]["resources"]
    assert values["pilot"]["resources"] == expected["pilot"]["resources"]
    for name, content in bad.values.items():
        assert _holds(values[name], content)


def _holds(whole: object, part: object) -> bool:
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(_holds(whole.get(key), value) for key, value in part.items())
    return whole == part


_SLOW = 'Error: Patch "https://it/crd?force=true&timeout=15s": context deadline exceeded'


@pytest.mark.parametrize(
    ("errors", "runs", "fails"),
    [
        pytest.param([_SLOW, _SLOW], 3, False, id="in the end it was quick enough"),
        pytest.param([_SLOW] * 9, 3, True, id="always too slow"),
        pytest.param(["Error: not ready: context deadline exceeded"], 1, True, id="another error"),
    ],
)
def test_a_slow_api_server_is_asked_again(errors: list[str], runs: int, fails: bool) -> None:
    asked: list[str] = []

    def run(program: str, *_arguments: str) -> str:
        asked.append(program)
        if len(asked) <= len(errors):
            raise SandboxError(errors[len(asked) - 1], "look at it")
        return ""

    cluster = mock.Mock(run=run)
    with pytest.raises(SandboxError) if fails else nullcontext():
        istio.install(cluster, "1.31")
    assert asked == ["istioctl-1.31"] * runs


def test_every_bad_version_has_its_file_and_every_file_its_name() -> None:
    assert {path.stem for path in istio.BAD.iterdir()} == {bad.value for bad in Bad}
