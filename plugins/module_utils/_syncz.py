# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What an istiod says of the proxies that are connected to it (its `/debug/syncz`)."""

from __future__ import annotations

import codecs
import enum
import json
from collections.abc import Iterator, Mapping
from io import BufferedIOBase
from sys import intern
from typing import Any, NamedTuple

_TYPES = {
    "envoy.config.cluster.v3.Cluster": "CDS",
    "envoy.config.endpoint.v3.ClusterLoadAssignment": "EDS",
    "envoy.config.listener.v3.Listener": "LDS",
    "envoy.config.route.v3.RouteConfiguration": "RDS",
    "envoy.config.core.v3.TypedExtensionConfig": "ECDS",
    "envoy.extensions.transport_sockets.tls.v3.Secret": "SDS",
    "istio.networking.nds.v1.NameTable": "NDS",
    "istio.mesh.v1alpha1.ProxyConfig": "PCDS",
}
# Istio before 1.23 tells these five and no errors.
_OLD_KEYS = {
    "CDS": "cluster",
    "LDS": "listener",
    "RDS": "route",
    "EDS": "endpoint",
    "ECDS": "extensionconfig",
}
# The version with which istioctl's own queries show up for a moment.
_QUERY = "65536."
_PIECE = 1 << 18
_BETWEEN = "},{"


class Sync(enum.StrEnum):
    """How far a proxy is with what its istiod has sent."""

    SYNCED = "synced"
    STALE = "stale"
    REJECTED = "rejected"


# There are thousands: this is made in a quarter of the time that a frozen dataclass takes.
class Connection(NamedTuple):
    """One proxy, as the istiod sees it.

    `unanswered` holds what was sent and not acknowledged, by type; `sent_at` when it was last sent
    anything, without the time zone, so that a later one is also the greater text.
    """

    proxy: str
    namespace: str
    type: str
    version: str | None
    sync: Sync
    sent_at: str
    error: str = ""
    unanswered: frozenset[tuple[str, str]] = frozenset()

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.proxy}"

    @classmethod
    def from_object(cls, entry: Mapping[str, Any]) -> Connection | None:
        """Read one entry; None for a client that is no proxy."""
        version = entry.get("istio_version", "")
        resources = _resources(entry)
        # A pod's name may have dots, a namespace's may not.
        name, _dot, namespace = entry.get("proxy", "").rpartition(".")
        if version.startswith(_QUERY) or not resources or not name:
            return None
        return cls(
            name,
            intern(namespace),
            intern(entry.get("proxy_type", "sidecar")),
            intern(version) if version and version != "unknown" else None,
            *_judge(resources),
        )


def parse(body: BufferedIOBase) -> Iterator[Connection]:
    """Read the answer while it comes: as objects it would be five times its size."""
    to_text = codecs.getincrementaldecoder("utf-8")()
    text, more = "", True
    while more:
        piece = body.read1(_PIECE)
        more = bool(piece)
        text += to_text.decode(piece, final=not more)
        entries, text = _split(text) if more else (json.loads(text or "[]"), "")
        if not isinstance(entries, list):
            raise ValueError("it is no list")  # noqa: TRY004 - as the decoder's own
        for entry in entries:
            if not isinstance(entry, dict):
                raise ValueError(f"{entry!r} is no proxy")  # noqa: TRY004 - the same
            connection = Connection.from_object(entry)
            if connection is not None:
                yield connection


def _split(text: str) -> tuple[list[Any], str]:
    """The entries that have come, and the list of those that have not.

    Where the last `_BETWEEN` is inside of an entry, what is before it is no JSON: then, and where
    there is none, as in a list that is indented, the list waits for more of it.
    """
    end = text.rfind(_BETWEEN) + 1
    if not end:
        return [], text
    try:
        return json.loads(f"{text[:end]}]"), f"[{text[end + 1 :]}"
    except ValueError:
        return [], text


def _resources(entry: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    """What it watches, by type; `sent`, `acked` and `lastError` are left out where empty."""
    resources: Mapping[str, Mapping[str, str]] | None = entry.get("resources")
    if resources is not None:
        return resources
    return {
        name: {"sent": entry[f"{key}_sent"], "acked": entry.get(f"{key}_acked", "")}
        for name, key in _OLD_KEYS.items()
        if f"{key}_sent" in entry
    }


def _judge(
    resources: Mapping[str, Mapping[str, str]],
) -> tuple[Sync, str, str, frozenset[tuple[str, str]]]:
    """The last four fields of a connection."""
    errors = []
    unanswered = []
    sent_anything = False
    sent_at = ""
    for url, status in resources.items():
        sent = status.get("sent")
        if "lastError" in status:
            errors.append(f"{_short(url)}: {status['lastError']}")
        if sent:
            sent_anything = True
            if sent != status.get("acked"):
                unanswered.append((_short(url), sent))
        sent_at = max(sent_at, status.get("sentTime", "").rstrip("Z"))
    if errors:
        return Sync.REJECTED, sent_at, "; ".join(errors), frozenset(unanswered)
    if unanswered or not sent_anything:
        return Sync.STALE, sent_at, "", frozenset(unanswered)
    return Sync.SYNCED, sent_at, "", frozenset()


def _short(url: str) -> str:
    name = url.rpartition("/")[2]
    return _TYPES.get(name, name)
