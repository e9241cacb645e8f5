# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The second cluster of a switchover: how it is reached, and that it is another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _client, _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._client import Client
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
)

# Made with the cluster and never again: what a cluster is called says nothing.
_EVERYWHERE = "kube-system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The API servers of both clusters, and what tells them apart."""

    source: Api
    target: Api
    uids: Mapping[str, str]


def create_module(argument_spec: Mapping[str, Any], **settings: Any) -> AnsibleModule:
    """An AnsibleModule whose authentication options are the source's, with those of the target."""
    target = {"type": "dict", "required": True, "options": dict(_client.AUTHENTICATION)}
    return _client.create_module({"target": target, **argument_spec}, **settings)


def create_target_client(module: AnsibleModule) -> Client:
    """The client of the target; what the environment says is meant for the source."""
    return _client.create_client(module, module.params["target"])


def pair(source: Api, target: Api) -> Pair:
    """Both; refused where one is not there, or both are the same."""
    found = source.each(lambda side: _uid(*side), (("source", source), ("target", target)))
    if found[0] == found[1]:
        raise BadInputError(
            "target: it is the same cluster as the source, for the namespace kube-system of both"
            f" has the uid {found[0]}. Give the kubeconfig or context of the other one."
        )
    return Pair(source=source, target=target, uids={"source": found[0], "target": found[1]})


def _uid(side: str, api: Api) -> str:
    try:
        found = api.get(_kinds.NAMESPACE, _EVERYWHERE)
    except ApiError as error:
        raise ApiError(
            f"The {side} cannot be read: {error.message}",
            status=error.status,
            reason=error.reason,
            cluster=side,
        ) from error
    if found is None:
        raise BadInputError(
            f"The {side} has no namespace kube-system, so it is no whole cluster. Give the"
            " kubeconfig or context of one."
        )
    return str(found["metadata"]["uid"])
