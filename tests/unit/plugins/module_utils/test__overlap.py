# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _live_fields, _overlap
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError
from ansible_collections.meshwright.istio.plugins.module_utils._injector import Injector
from ansible_collections.meshwright.istio.tests.unit.support.control_planes import (
    webhook_configuration,
)


def configuration(name: str, revision: str, tag: str | None = None) -> dict[str, object]:
    return webhook_configuration(name, revision, tag=tag, service=f"istiod-{revision}")


def injectors(*items: dict[str, object]) -> list[Injector]:
    return [injector for item in items for injector in Injector.from_object(item)]


ONE = configuration("one", "1-30")
OTHER = configuration("other", "1-31")
TAG = configuration("tag", "1-31", "prod")
DEFAULT = configuration("default-tag", "1-31", "default")
UNREVISIONED = configuration("unrevisioned", "default")


def test_revisions_and_tags_of_different_names_do_not_meet() -> None:
    assert _overlap.find(injectors(ONE, OTHER, TAG, DEFAULT)) == {}


def test_says_which_pod_two_would_take() -> None:
    twin = configuration("twin", "1-30")
    assert _overlap.find(injectors(ONE, OTHER, twin)) == {
        ("one", "twin"): "namespace with no label; pod with istio.io/rev=1-30"
    }
    assert _overlap.find(injectors(DEFAULT, UNREVISIONED)) == {
        ("default-tag", "unrevisioned"): "namespace with no label; pod with istio.io/rev=default"
    }


def test_refuses_a_document_that_would_take_what_another_takes() -> None:
    with pytest.raises(RefusedError, match="The webhooks of default-tag and unrev") as caught:
        _overlap.refuse_new(injectors(UNREVISIONED), [DEFAULT])
    assert caught.value.details["configurations"] == ["default-tag", "unrevisioned"]


def test_a_document_replaces_the_configuration_of_its_name() -> None:
    moved = configuration("tag", "1-30", "prod")
    _overlap.refuse_new(injectors(OTHER, TAG), [moved])


def test_one_that_is_put_to_sleep_in_the_same_run_takes_nothing() -> None:
    asleep = _live_fields.deactivate(UNREVISIONED)
    _overlap.refuse_new(injectors(UNREVISIONED), [DEFAULT, asleep])


def test_leaves_alone_what_is_so_already() -> None:
    twin = configuration("twin", "1-30")
    _overlap.refuse_new(injectors(ONE, twin), [OTHER])
    _overlap.refuse_new(injectors(ONE, twin), [twin])
