# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._envoy import PORT
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.tests.unit.support.leaving_scene import QUIT, Scene


def idle_gateway() -> Scene:
    """A gateway that had nothing open when it was asked last, and has been held."""
    scene = Scene(gateway=True)
    scene.out()
    scene.tell(since=105.0, open=0, asked=116.0)
    scene.now = 116.0
    return scene


def test_with_nothing_open_it_ends_at_once_and_with_it_what_clients_keep() -> None:
    scene = idle_gateway()
    scene.see_off()
    assert not scene.is_there
    assert scene.api.pod_posts == [QUIT]


def test_it_is_asked_once_more_in_the_moment_before() -> None:
    scene = idle_gateway()
    scene.answer_open(1)
    assert scene.see_off() == "pod web-0: a client has come back to it"
    assert scene.is_there
    # Beyond the limit it goes, but as its kubelet ends it: what is open has some seconds more.
    scene.now = 145.0
    scene.see_off()
    assert not scene.is_there
    assert scene.api.pod_posts == []


def test_one_that_is_gone_already_is_no_error() -> None:
    scene = idle_gateway()
    scene.api.pod_answers["shop", "web-0", PORT, QUIT] = ApiError("It is gone.", status=404)
    scene.see_off()
    assert not scene.is_there


@pytest.mark.parametrize(
    ("gateway", "known"),
    [
        pytest.param(False, 0, id="no gateway"),
        pytest.param(True, None, id="not seen what is open"),
    ],
)
def test_no_other_ends_at_once(gateway: bool, known: int | None) -> None:
    scene = Scene(gateway=gateway)
    scene.out()
    scene.now = 116.0
    scene.tell(since=105.0, open=known, asked=116.0)
    scene.see_off()
    assert not scene.is_there
    assert scene.api.pod_posts == []
