# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._sidecar_limits import (
    SidecarLimits,
)

USUAL = SidecarLimits(grace=30, drain="45s", termination="5s", waits=False)


def pod(*, native: bool = True, grace: int | None = None, **variables: Any) -> dict[str, Any]:
    env = [{"name": name, "value": value} for name, value in variables.items()]
    proxy = {"name": "istio-proxy", "env": [*env, {"name": "POD_NAME", "valueFrom": {}}]}
    app = {"name": "app", "env": [{"name": "EXIT_ON_ZERO_ACTIVE_CONNECTIONS", "value": "true"}]}
    spec: dict[str, Any] = {"containers": [app] if native else [app, proxy]}
    if native:
        spec["initContainers"] = [{"name": "init"}, proxy]
    if grace is not None:
        spec["terminationGracePeriodSeconds"] = grace
    return {"spec": spec}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(pod(), USUAL, id="nothing is set"),
        pytest.param(pod(PROXY_CONFIG="not json"), USUAL, id="what cannot be read"),
        pytest.param(
            pod(
                grace=120,
                PROXY_CONFIG=json.dumps(
                    {"drainDuration": "90s", "terminationDrainDuration": "20s"}
                ),
            ),
            SidecarLimits(grace=120, drain="90s", termination="20s", waits=False),
            id="durations of the mesh or the pod",
        ),
        pytest.param(
            pod(native=False, EXIT_ON_ZERO_ACTIVE_CONNECTIONS="true"),
            SidecarLimits(grace=30, drain="45s", termination="5s", waits=True),
            id="it waits",
        ),
        pytest.param(
            pod(
                PROXY_CONFIG=json.dumps(
                    {"proxyMetadata": {"EXIT_ON_ZERO_ACTIVE_CONNECTIONS": "true"}}
                )
            ),
            SidecarLimits(grace=30, drain="45s", termination="5s", waits=True),
            id="it waits, by its metadata",
        ),
    ],
)
def test_reads_what_the_pod_was_made_with(item: dict[str, Any], expected: SidecarLimits) -> None:
    assert SidecarLimits.from_object(item) == expected


def test_says_what_ends_a_request() -> None:
    assert "terminationDrainDuration is 5s" in str(USUAL)
    waits = SidecarLimits(grace=30, drain="45s", termination="5s", waits=True)
    assert "waits until nothing is open" in str(waits)
