# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The fields of a pod that `_pod.Pod` reads, by their numbers in the API server's binary encoding.

A field that is missing here is missing in every list of pods that is read with this schema. The
tests compare the pods of a list in this encoding with those of the same list in JSON.
"""

from __future__ import annotations

from ansible_collections.meshwright.istio.plugins.module_utils._wire import Schema

_OWNER = Schema({1: ("kind", str), 3: ("name", str), 6: ("controller", bool)})
_TIME = Schema({})
_METADATA = Schema(
    {
        1: ("name", str),
        3: ("namespace", str),
        5: ("uid", str),
        9: ("deletionTimestamp", _TIME),
        11: ("labels", dict),
        12: ("annotations", dict),
        13: ("ownerReferences", [_OWNER]),
    }
)
_CONTAINER = Schema({1: ("name", str), 2: ("image", str)})
_SPEC = Schema(
    {
        2: ("containers", [_CONTAINER]),
        10: ("nodeName", str),
        11: ("hostNetwork", bool),
        20: ("initContainers", [_CONTAINER]),
    }
)
_CONDITION = Schema({1: ("type", str), 2: ("status", str), 5: ("reason", str), 6: ("message", str)})
_STATE = Schema(
    {
        1: ("waiting", Schema({1: ("reason", str), 2: ("message", str)})),
        2: ("running", Schema({})),
        3: ("terminated", Schema({1: ("exitCode", int)})),
    }
)
_CONTAINER_STATUS = Schema(
    {
        1: ("name", str),
        2: ("state", _STATE),
        3: ("lastState", _STATE),
        4: ("ready", bool),
        5: ("restartCount", int),
    }
)
_STATUS = Schema(
    {
        1: ("phase", str),
        2: ("conditions", [_CONDITION]),
        6: ("podIP", str),
        8: ("containerStatuses", [_CONTAINER_STATUS]),
        10: ("initContainerStatuses", [_CONTAINER_STATUS]),
        12: ("podIPs", [Schema({1: ("ip", str)})]),
    }
)
POD = Schema({1: ("metadata", _METADATA), 2: ("spec", _SPEC), 3: ("status", _STATUS)})
