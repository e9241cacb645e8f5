# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Whether somebody refuses an object that means nothing: tried by a dry run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import Mesh
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    REVISION_LABEL,
    UNREVISIONED,
)

# The API server refuses by itself what the schema forbids; this only istiod does.
_HOST = "*"
_DENIED = "denied the request"


class Verdict(StrEnum):
    """What became of the object."""

    REFUSED = "refused"
    ACCEPTED = "accepted"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """An object of that revision, None for one without a label, and what was said to it."""

    revision: str | None
    verdict: Verdict
    said: str = ""

    def __str__(self) -> str:
        if self.revision is None:
            return "VirtualService without a revision"
        return f"VirtualService with {REVISION_LABEL}={self.revision}"


def run(api: Api, mesh: Mesh, namespace: str) -> tuple[Trial, ...]:
    """Try one object for everybody who validates: by the default, and by each revision."""
    named = {plane.revision for plane in mesh.control_planes} - {UNREVISIONED}
    asked: Iterable[str | None] = (None, *sorted(named))
    return tuple(api.each(lambda revision: _try(api, namespace, revision), asked))


def _try(api: Api, namespace: str, revision: str | None) -> Trial:
    try:
        api.create(_kinds.VIRTUAL_SERVICE, _bad(namespace, revision), namespace, dry_run=True)
    except ApiError as error:
        verdict = Verdict.REFUSED if _DENIED in error.message else Verdict.UNANSWERED
        return Trial(revision=revision, verdict=verdict, said=error.message)
    return Trial(revision=revision, verdict=Verdict.ACCEPTED)


def _bad(namespace: str, revision: str | None) -> Object:
    """One for every host of the mesh, which Istio forbids."""
    return {
        "apiVersion": _kinds.VIRTUAL_SERVICE.api_version,
        "kind": _kinds.VIRTUAL_SERVICE.kind,
        "metadata": {
            "name": "meshwright-verify",
            "namespace": namespace,
            **({"labels": {REVISION_LABEL: revision}} if revision else {}),
        },
        "spec": {"hosts": [_HOST], "http": [{"route": [{"destination": {"host": "nobody"}}]}]},
    }
