# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Take a gateway's pod out of its Services by its readiness, where labels are not to be touched.

istiod gives the listeners of a Gateway to the pods that the Gateway's Service selects. A pod that
leaves by its labels loses them as soon as any Service of its namespace changes, and, when they are
drained, what it has open. One that is not ready leaves the Service and keeps them.

The kubelet asks for the readiness through Envoy, which sends the question on to the agent beside
it. Told to send no more, it answers as overloaded. Nothing else uses that way.
"""

from __future__ import annotations

import json

from ansible_collections.meshwright.istio.plugins.module_utils import _envoy
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod

_LAYERS = "/runtime"
_MODIFY = "/runtime_modify?circuit_breakers.agent.default.max_requests=0"
_ADMIN = "admin"


def refuse_deaf(api: Api, pod: Pod) -> None:
    """Refuse a pod whose Envoy cannot be told so; ApiError when it does not answer."""
    layers = json.loads(_envoy.ask(api, pod.name, pod.namespace, _LAYERS)).get("layers") or ()
    if _ADMIN not in layers:
        raise RefusedError(
            f"Pod {pod.key} cannot be made unready, and so not be drained: its Envoy has no"
            f" runtime layer {_ADMIN}. Give it the bootstrap of Istio, or let istiod replace it:"
            f" label its Gateway, and all its streams and some requests may be lost."
        )


def make_unready(api: Api, pod: Pod) -> None:
    """Let it answer the kubelet that it is not ready, while it serves on."""
    _envoy.tell(api, pod.name, pod.namespace, _MODIFY)
