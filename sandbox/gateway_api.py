# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Gateway API: its definitions, and the one gateway of `hard` that istiod makes by it."""

from __future__ import annotations

from sandbox.api import MANAGER
from sandbox.cluster import Cluster
from sandbox.parts import GATEWAY_API_KINDS

# The gateway, and what istiod writes it down as on the pods that it makes for it.
NAME = "public"
NAME_LABEL = "gateway.networking.k8s.io/gateway-name"
PORT = 30081


def install(cluster: Cluster) -> None:
    """Apply the definitions; istiod takes care of gateways as soon as they are there."""
    files = [cluster.artifacts.path(f"gateway-api-{kind}.yml") for kind in GATEWAY_API_KINDS]
    named = [f"--filename={file}" for file in files]
    # A megabyte of YAML, which kubectl reads much faster than Python does.
    cluster.kubectl("apply", "--server-side", f"--field-manager={MANAGER}", *named)


def url(cluster: Cluster) -> str:
    """Where the gateway of `hard` is reached."""
    return f"http://{cluster.node_address}:{PORT}"
