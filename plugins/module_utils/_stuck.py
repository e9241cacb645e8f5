# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""istiod pods that wait out a back-off although what kept them may have been mended."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _steps
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import ObjectName
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._steps import Action, Stage, Step


def find(api: Api, steps: Iterable[Step], revision: Revision) -> list[Step]:
    """Their deletion, so that the next try comes at once and not after up to five minutes.

    A Deployment that changes gets new pods anyway.
    """
    deployment = [step for step in steps if step.target.kind == _kinds.DEPLOYMENT]
    if any(step.action is not Action.UNCHANGED for step in deployment):
        return []
    return [
        _steps.deletion(
            ObjectName(
                kind=_kinds.POD, name=item["metadata"]["name"], namespace=revision.namespace
            ),
            item,
            Stage.ISTIOD,
        )
        for item in read(api, revision)
        if _is_stuck(Pod.from_object(item))
    ]


def _is_stuck(pod: Pod) -> bool:
    return pod.live and pod.trouble is not None and pod.trouble.hopeless


def read(api: Api, revision: Revision) -> list[Object]:
    """The istiod pods of a revision."""
    selector = f"app=istiod,istio.io/rev={revision.name}"
    return api.list(_kinds.POD, revision.namespace, label_selector=selector)
