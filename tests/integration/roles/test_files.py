# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Relative paths lead to the user's files, whoever wrote the playbook."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_stage import Stage


def _given(role: str) -> dict[str, Any]:
    return {
        f"{role}_operator_files": ["istio.yml", "/srv/istio.yml"],
        f"{role}_values_files": ["values.yml", "gone.yml"],
        f"{role}_istioctl_directory": "istioctl",
    }


@pytest.mark.parametrize("role", ["canary", "in_place"])
def test_with_a_playbook_of_the_collection_they_are_where_it_was_started(
    stage: Stage, role: str
) -> None:
    for name in ("istio.yml", "values.yml", "istioctl"):
        stage.write(name, {})
    done = stage.run(role, "--check", **_given(role))
    assert done.code == 0, done.output
    for module in ("mesh_preflight", "istio_revision"):
        # The last one is of what is installed anew.
        asked = stage.asked(module)[-1]
        assert asked["operator_files"] == [str(stage.folder / "istio.yml"), "/srv/istio.yml"]
        # The module says of one that is nowhere, as it is given, that it cannot be read.
        assert asked["values_files"] == [str(stage.folder / "values.yml"), "gone.yml"]
        assert asked["istioctl_directory"] == str(stage.folder / "istioctl")
        assert "istioctl_path" not in asked


def test_with_a_playbook_of_the_users_own_those_beside_it_come_first(stage: Stage) -> None:
    own = stage.folder / "own"
    own.mkdir()
    login = {"kubeconfig": "{{ kubeconfig }}"}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "module_defaults": {"group/meshwright.istio.istio": login},
        "roles": ["meshwright.istio.canary"],
    }
    stage.write("own/upgrade.yml", [play])
    for name in ("istio.yml", "own/istio.yml", "values.yml", "own/istioctl"):
        stage.write(name, {})
    done = stage.run("canary", "--check", playbook="own/upgrade.yml", **_given("canary"))
    assert done.code == 0, done.output
    [asked] = stage.asked("mesh_preflight")
    assert asked["operator_files"] == [str(own / "istio.yml"), "/srv/istio.yml"]
    assert asked["values_files"] == [str(stage.folder / "values.yml"), "gone.yml"]
    assert asked["istioctl_directory"] == str(own / "istioctl")
