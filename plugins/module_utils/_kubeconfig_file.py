# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The kubeconfig: which files it is, and what its context says."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _yaml
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError

Document = tuple[Mapping[str, Any], Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A cluster or user; its paths are relative to the folder of its file."""

    body: Mapping[str, Any]
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The cluster and the user of a context; `merged` where several files may have given them."""

    cluster: Entry
    user: Entry
    merged: bool


def default_location() -> str:
    """The kubeconfig of whoever names none: one file, or several as in a PATH."""
    return os.environ.get("KUBECONFIG") or "~/.kube/config"


def read(location: str | Mapping[str, Any], context: str | None) -> Chosen | None:
    """What that context says, or else the current one; None where there is none."""
    merged = isinstance(location, str) and os.pathsep in location
    documents = list(_documents(location))
    chosen = _find(documents, "contexts", context or _current(documents))
    cluster = chosen and _find(documents, "clusters", chosen.body.get("cluster"))
    if chosen is None or cluster is None:
        return None
    user = _find(documents, "users", chosen.body.get("user"))
    return Chosen(
        cluster=cluster, user=user or Entry(body={}, folder=cluster.folder), merged=merged
    )


def _documents(location: str | Mapping[str, Any]) -> Iterator[Document]:
    if isinstance(location, Mapping):
        yield location, Path.cwd()
        return
    for name in filter(None, location.split(os.pathsep)):
        path = Path(name).expanduser()
        if path.is_file():
            yield _load(path), path.parent


def _load(path: Path) -> dict[str, Any]:
    try:
        documents = _yaml.load_all(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInputError(
            f"The kubeconfig {path} is not valid YAML ({error}). Give another with kubeconfig."
        ) from error
    if not documents or not isinstance(documents[0], dict):
        raise BadInputError(f"The kubeconfig {path} is empty. Give another with kubeconfig.")
    document: dict[str, Any] = documents[0]
    return document


def _current(documents: Sequence[Document]) -> str | None:
    """That of the last file which has one, as in the kubernetes package."""
    named = [
        document["current-context"]
        for document, _folder in documents
        if "current-context" in document
    ]
    return named[-1] if named else None


def _find(documents: Sequence[Document], section: str, name: str | None) -> Entry | None:
    """The first entry of that name; its body stands under the section's name in the singular."""
    for document, folder in documents:
        for entry in document.get(section) or ():
            if entry.get("name") == name:
                return Entry(body=entry.get(section.removesuffix("s")) or {}, folder=folder)
    return None
