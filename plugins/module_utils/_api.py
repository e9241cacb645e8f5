# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The shape of the API client, for the functions that take one and for the fake of the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from io import BufferedIOBase
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._wire import Schema

Object: TypeAlias = dict[str, Any]
# Inside the classes below, `list` is a method.
Objects: TypeAlias = list[Object]
PatchType = Literal["merge", "strategic", "json"]
PATCH_TYPES: dict[PatchType, str] = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}
Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class PodPort(Protocol):
    """A port inside a pod, over one connection. An answer is read before the next is asked for."""

    def open(self, path: str, method: str = "GET") -> AbstractContextManager[BufferedIOBase]:
        """The body of an HTTP answer; ApiError for a refusal, or one that breaks off."""


# One that is closed when it is left.
Opened: TypeAlias = AbstractContextManager[PodPort]


class Api(Protocol):
    """One Kubernetes API server. Every method raises ApiError for an answer it does not expect."""

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> Object | None:
        """The object; None when it, or its kind, does not exist."""

    def list(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> Objects:
        """Every object that matches; none when the kind does not exist."""

    def list_with_version(
        self, kind: Kind, namespace: str | None = None, *, label_selector: str = ""
    ) -> tuple[Objects, str]:
        """The same, and the resourceVersion from which a watch goes on."""

    def pages(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        size: int = 2000,
        schema: Schema | None = None,
    ) -> Iterator[tuple[Objects, str]]:
        """The same page by page, so that only one has to be in memory.

        With a schema the objects need not have more than its fields, and are read much faster.
        """

    def create(
        self,
        kind: Kind,
        body: Mapping[str, Any],
        namespace: str | None = None,
        *,
        dry_run: bool = False,
    ) -> Object:
        """Create the object; ApiError with status 409 when it exists."""

    def patch(  # noqa: PLR0913 - what a PATCH is made of
        self,
        kind: Kind,
        name: str,
        body: Any,
        namespace: str | None = None,
        *,
        patch_type: PatchType = "merge",
        subresource: str | None = None,
        dry_run: bool = False,
        seconds: float | None = None,
    ) -> Object:
        """Patch the object; ApiError with status 404 when it does not exist.

        With `seconds` it is sent once and an answer awaited for so long: the caller tries again.
        """

    def apply(
        self,
        kind: Kind,
        body: Mapping[str, Any],
        *,
        field_manager: str,
        force: bool = True,
        dry_run: bool = False,
    ) -> Object:
        """Server-side apply; name and namespace are those of the body."""

    def replace(self, kind: Kind, body: Mapping[str, Any]) -> Object:
        """Replace the object; ApiError with status 409 when its resourceVersion has moved on."""

    def delete(
        self,
        kind: Kind,
        name: str,
        namespace: str | None = None,
        *,
        propagation: str = "Background",
        dry_run: bool = False,
    ) -> bool:
        """Delete the object; False when it did not exist."""

    def evict(self, name: str, namespace: str) -> bool:
        """Evict the pod; ApiError with status 429 while a disruption budget forbids it."""

    def watch(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        seconds: int,
    ) -> Iterator[tuple[str, Object]]:
        """Events from that version on, for at most so many seconds."""

    def find_kind(self, api_version: str, kind: str) -> Kind | None:
        """The kind of that name; None when the API server does not know it."""

    def pod_get(
        self,
        pod: str,
        namespace: str,
        *,
        port: int,
        path: str,
        timeout: float = 30.0,
        method: str = "GET",
    ) -> bytes:
        """The body of an HTTP answer from inside the pod, through a port-forward."""

    def pod_port(self, pod: str, namespace: str, *, port: int, timeout: float = 30.0) -> Opened:
        """A port-forward for more than one answer, or for one that is read while it comes."""

    def version(self) -> Object:
        """The answer of /version."""

    def each(self, function: Callable[[Item], Outcome], items: Iterable[Item]) -> Sequence[Outcome]:
        """The function's results in order, many calls at once; the first error after all ended."""
