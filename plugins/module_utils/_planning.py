# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What an upgrade moves, read from the cluster and planned, whichever path it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _canary,
    _canary_plan,
    _canary_table,
    _gateway_read,
    _in_place,
    _in_place_plan,
    _kinds,
    _live_plane,
    _result,
    _snapshot,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._canary_record import Record
from ansible_collections.meshwright.istio.plugins.module_utils._canary_request import Request
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Path
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload


def plan(api: Api, params: Mapping[str, Any]) -> dict[str, Any]:
    """What a module returns of the plan that its options ask for."""
    request = Request.from_params(params)
    record = Record.from_option(params["record"])
    snapshot = _snapshot.read(api, request.istio_namespace)
    request.check(snapshot)
    installed = request.is_installed(snapshot)
    deployments = api.list(_kinds.DEPLOYMENT)
    gateways = [
        Workload.from_object(each) for each in deployments if _gateway_read.is_gateway(each)
    ]
    found: _canary.Plan | _in_place.Plan
    if params["path"] == Path.IN_PLACE:
        live = _live_plane.read(api, snapshot, request, params["through"])
        found = _in_place_plan.plan(snapshot, gateways, request, record, live)
        table = found.table(installed=installed)
    else:
        found = _canary_plan.plan(snapshot, gateways, request, record)
        table = _canary_table.table(found, installed=installed)
    return {
        "needed": found.needed or not installed,
        "installed": installed,
        "plan": found.summary(),
        "record": found.record(),
        "table": table,
        "diff": _result.diff(found.changes()),
    }
