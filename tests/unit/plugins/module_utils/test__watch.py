# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._watch import follow, key_of
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi


def config_map(name: str, value: str = "") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "n"},
        "data": {"value": value},
    }


class Clock:
    """Time passes by one second with every look at it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def names(state: dict[str, Any]) -> set[str]:
    return set(state)


def test_follow_shows_the_list_then_every_change() -> None:
    api = FakeApi(config_map("a"))
    seen = []
    for state in follow(api, _kinds.CONFIG_MAP, "n", deadline=20, clock=Clock()):
        seen.append({key: item["data"]["value"] for key, item in state.items()})
        if len(seen) == 1:
            api.put(config_map("b", "1"))
            api.put(config_map("b", "2"))
        elif len(seen) == 3:
            api.remove(_kinds.CONFIG_MAP, "a", "n")
        elif "n/a" not in state:
            break
    assert seen[0] == {"n/a": ""}
    assert {"n/a": "", "n/b": "1"} in seen
    assert seen[-1] == {"n/b": "2"}


def test_follow_ends_at_the_deadline() -> None:
    states = list(follow(FakeApi(), _kinds.CONFIG_MAP, deadline=4, clock=Clock()))
    assert 1 < len(states) < 6


def test_follow_shows_the_list_even_when_there_is_no_time() -> None:
    states = list(follow(FakeApi(config_map("a")), _kinds.CONFIG_MAP, deadline=0, clock=Clock()))
    assert [names(state) for state in states] == [{"n/a"}]


class Forgetful(FakeApi):
    """A server that no longer knows the version asked for, the first time."""

    def __init__(self, answer: Any) -> None:
        super().__init__(config_map("a"))
        self.answer = answer
        self.lists = 0

    def list_with_version(self, *arguments: Any, **settings: Any) -> Any:
        self.lists += 1
        return super().list_with_version(*arguments, **settings)

    def watch(self, *_arguments: Any, **_settings: Any) -> Any:
        if self.lists == 1:
            self.remove(_kinds.CONFIG_MAP, "a", "n")
            if isinstance(self.answer, Exception):
                raise self.answer
            yield self.answer


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(("ERROR", {"code": 410}), id="as an event"),
        pytest.param(ApiError("gone", status=410), id="as a refusal"),
    ],
)
def test_follow_lists_again_when_its_version_is_too_old(answer: Any) -> None:
    api = Forgetful(answer)
    states = [names(s) for s in follow(api, _kinds.CONFIG_MAP, deadline=5, clock=Clock())]
    assert api.lists == 2
    assert states[-1] == set()


def test_follow_raises_other_refusals() -> None:
    with pytest.raises(ApiError, match="no right"):
        list(
            follow(
                Forgetful(ApiError("no right", status=403)),
                _kinds.CONFIG_MAP,
                deadline=5,
                clock=Clock(),
            )
        )


def test_follow_moves_on_by_bookmarks() -> None:
    versions: list[str] = []

    class Marked(FakeApi):
        def watch(self, *_arguments: Any, resource_version: str, **_settings: Any) -> Any:
            versions.append(resource_version)
            yield "BOOKMARK", {"metadata": {"resourceVersion": "900"}}

    list(follow(Marked(), _kinds.CONFIG_MAP, deadline=5, clock=Clock()))
    assert versions[:2] == ["100", "900"]


def test_key_has_the_namespace_where_there_is_one() -> None:
    assert key_of({"name": "a", "namespace": "n"}) == "n/a"
    assert key_of({"name": "a"}) == "a"
