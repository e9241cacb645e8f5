# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The control plane that an upgrade in place replaces, as it is found."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.meshwright.istio.plugins.module_utils import _hops, _kinds, _settings
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._canary_request import Request
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError
from ansible_collections.meshwright.istio.plugins.module_utils._in_place import Live
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils._version import read_option

_CNI = "istio-cni-node"


def read(api: Api, snapshot: Snapshot, request: Request, through: Sequence[str]) -> Live:
    """Read it; refused where it is not there, says no version, or is too far from the target."""
    chain = [read_option("through", text) for text in through]
    plane = snapshot.mesh.find(request.revision, request.istio_namespace)
    if plane is None:
        known = ", ".join(each.revision for each in snapshot.mesh.control_planes)
        raise RefusedError(
            f"revision: there is no control plane {request.revision} in {request.istio_namespace},"
            f" only {known}. An upgrade in place replaces one that is there: name that one."
        )
    if plane.version is None:
        raise RefusedError(
            f"Deployment {plane.namespace}/{plane.name} does not say its version. Give it the label"
            " app.kubernetes.io/version."
        )
    revision = Revision.parse(request.revision, request.istio_namespace)
    nodes = api.list(_kinds.DAEMON_SET, label_selector=f"k8s-app={_CNI}")
    return Live(
        version=plane.version,
        hops=_hops.plan(plane.version, chain, read_option("version", request.version)),
        replicas=plane.wanted_replicas,
        has_cni=bool(nodes),
        settings=_settings.find(api, revision),
    )
