# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Which namespaces are in the mesh, and which revision serves each of them."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import Mesh
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import (
    ENABLED,
    Injection,
    Namespace,
    is_system,
)


def asks_for(injection: Injection) -> bool:
    """Whether the labels ask for sidecars at all."""
    if injection.injection is not None:
        return injection.injection == ENABLED
    return injection.revision is not None


def revision_of(mesh: Mesh, injection: Injection) -> str | None:
    """The revision that injects by these labels; None where nobody does."""
    if not asks_for(injection):
        return None
    if injection.injection == ENABLED or injection.revision is None:
        default = mesh.default_injector()
        return default.revision if default else None
    for injector in mesh.injectors:
        if injection.revision in injector.names():
            return injector.revision
    return None


def members(
    mesh: Mesh, namespaces: tuple[Namespace, ...], istio_namespace: str
) -> Iterator[tuple[Namespace, str]]:
    """The namespaces that somebody injects into, each with the revision that does."""
    # A thousand namespaces have a handful of labels between them.
    known = {
        injection: revision_of(mesh, injection)
        for injection in {namespace.injection for namespace in namespaces}
    }
    for namespace in namespaces:
        revision = known[namespace.injection]
        if revision is not None and not is_system(namespace.name, istio_namespace):
            yield namespace, revision
