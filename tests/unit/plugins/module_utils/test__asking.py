# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _asking, _injector
from ansible_collections.meshwright.istio.plugins.module_utils._asking import (
    Asking,
    resolve,
    resolve_option,
    revision_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.tests.unit.support import control_planes
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

INJECTORS = _injector.read(
    FakeApi(
        *control_planes.revision("1-31"),
        *control_planes.unrevisioned(),
        control_planes.webhook_configuration(
            "istio-revision-tag-prod", "1-31", tag="prod", service="istiod-1-31"
        ),
    )
)
NAMESPACES = {
    "old": {"istio-injection": "enabled"},
    "new": {"istio.io/rev": "prod"},
    "out": {"istio-injection": "disabled"},
}


@pytest.mark.parametrize(
    ("namespace", "labels", "revision"),
    [
        pytest.param("old", {}, "default", id="the unrevisioned one"),
        pytest.param("new", {}, "1-31", id="the revision behind a tag"),
        pytest.param("new", {"sidecar.istio.io/inject": "false"}, None, id="the pod refuses"),
        pytest.param("out", {}, None, id="the namespace refuses"),
        pytest.param("gone", {}, None, id="a namespace that was not read"),
    ],
)
def test_asks_the_webhooks(namespace: str, labels: dict[str, str], revision: str | None) -> None:
    assert Asking(INJECTORS, NAMESPACES).revision(namespace, labels) == revision


def test_remembers_each_pair_of_namespace_and_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    asking = Asking(INJECTORS, NAMESPACES)
    refusing = {"sidecar.istio.io/inject": "false"}
    cases = [("old", {}), ("new", {}), ("new", refusing), ("out", {})]
    first = [asking.revision(*case) for case in cases]
    monkeypatch.setattr(_asking, "_injector", None)
    assert [asking.revision(*case) for case in cases] == first
    assert first == ["default", "1-31", None, None]


@pytest.mark.parametrize(
    ("name", "revision"),
    [
        pytest.param("1-31", "1-31", id="a revision"),
        pytest.param("prod", "1-31", id="a tag"),
        pytest.param("default", "default", id="the default tag"),
        pytest.param("1-29", None, id="neither"),
    ],
)
def test_resolves_revisions_and_tags(name: str, revision: str | None) -> None:
    assert resolve(INJECTORS, name) == revision
    assert revision_of(name, INJECTORS) == (revision or name)


def test_an_option_must_stand_for_something() -> None:
    assert resolve_option("revision", "prod", iter(INJECTORS)) == "1-31"
    with pytest.raises(BadInputError) as caught:
        resolve_option("revision", "1-29", iter(INJECTORS))
    assert caught.value.message == (
        "revision: got '1-29', which is neither a revision nor a tag of this cluster; right is one"
        " of 1-31, default, prod."
    )


def test_says_that_there_is_nothing_to_choose_from() -> None:
    with pytest.raises(BadInputError, match=r"right is one of none, for there is no control plane"):
        resolve_option("revision", "1-29", ())
