# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Everything that the findings are made from: objects, what istiods say, and the account's rights.

Nothing of it is written. What cannot be asked is left out and named, so that it is a finding and
no error.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _gateway,
    _istiod,
    _likely_images,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import tag_of
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError, MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._istiod import Answer, Istiod
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._syncz import Sync
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version
from ansible_collections.meshwright.istio.plugins.module_utils._workload import KINDS
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import (
    cni,
    evidence,
    moving,
    rights,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.rights import Moves
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

# All of it is to take a few seconds; an istiod that needs longer for its answer is said to be so.
_SECONDS = 4.0
_REFUSED = (401, 403)
Question = Callable[[Api, Evidence, Upgrade], dict[str, Any]]


def read(api: Api, upgrade: Upgrade, clock: Callable[[], float] = time.time) -> Evidence:
    """Read everything."""
    found = evidence.read(api, upgrade, clock)
    questions: tuple[Question, ...] = (_ask_istiods, _ask_rights)
    proxies, account = api.each(lambda question: question(api, found, upgrade), questions)
    unread = {*found.unread, *account.pop("unread")}
    return replace(found, **proxies, **account, unread=tuple(sorted(unread)))


def likely_images(api: Api, found: Evidence, upgrade: Upgrade) -> list[str]:
    """The images that the upgrade needs, as far as they can be guessed."""
    images = _likely_images.guess(api, found.mesh, upgrade.version)
    # A canary leaves the CNI plugin as it is.
    agents = [
        each["spec"]["template"]["spec"]["containers"][0]["image"]
        for each in found.of(Topic.CONTROLLERS)
        if upgrade.in_place and each["kind"] == "DaemonSet" and cni.is_agent(each)
    ]
    for image in agents:
        old = Version.parse(tag_of(image))
        images += _likely_images.renew([image], old, upgrade.version) if old else []
    return images


def _ask_istiods(api: Api, found: Evidence, upgrade: Upgrade) -> dict[str, Any]:
    """The proxies of the istiods that are left which reject something, and who did not answer."""
    left = upgrade.left_revisions(found)
    items = [
        item for item in found.of(Topic.ISTIOD_PODS) if "deletionTimestamp" not in item["metadata"]
    ]
    ready = {item["metadata"]["name"] for item in items if Pod.from_object(item).ready}
    istiods = map(Istiod.from_object, items)
    running = [each for each in istiods if each and each.running and each.revision in left]
    try:
        answers = _istiod.ask_once(api, running, _SECONDS)
    except MeshError as error:
        # Nobody can be asked: the library for it is missing.
        answers = [Answer(istiod=replace(each, problem=error.message)) for each in running]
    return {
        "rejecting": tuple(
            pair for pair in _istiod.newest(answers).values() if pair[1].sync is Sync.REJECTED
        ),
        # One that only starts has no proxies yet; where none is ready that is another finding.
        "silent": tuple(
            each.istiod for each in answers if each.istiod.problem and each.istiod.name in ready
        ),
    }


def _ask_rights(api: Api, found: Evidence, upgrade: Upgrade) -> dict[str, Any]:
    """The rights that the account lacks for the upgrade."""
    pods = moving.pods(found, upgrade)
    owners = {pod.owner for pod in pods}
    moves = Moves(
        kinds=frozenset(
            KINDS[each.reference.kind] for each, _pods in moving.workloads(found, upgrade)
        ),
        injected=any(
            each.reference in owners and _gateway.is_template(each.template)
            for each in found.workloads
        ),
        deployed=any(pod.managed for pod in pods),
    )
    namespaces = sorted({pod.namespace for pod in pods})
    needs = rights.find(upgrade, moves, found.kubernetes)
    try:
        lacking = api.each(lambda need: need.lacks(api, namespaces), needs)
    except ApiError as error:
        if error.status not in _REFUSED:
            raise
        return {"lacking": (), "unread": ["selfsubjectaccessreviews"]}
    return {"lacking": tuple(each for each in lacking if each is not None), "unread": []}
