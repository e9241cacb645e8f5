# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The two files of a report on the controller: what is there, what shall be, the exchange."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    MeshError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._result import Change

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file as it is and as it shall be; `before` is None where there is none."""

    path: Path
    before: bytes | None
    after: bytes

    @classmethod
    def plan(cls, path: Path, text: str) -> File:
        try:
            before = path.read_bytes()
        except FileNotFoundError:
            before = None
        except OSError as error:
            raise _unusable(path, error) from error
        return cls(path=path, before=before, after=text.encode(errors="replace"))

    @property
    def change(self) -> Change:
        """The pages themselves would fill the terminal; their sizes and sums do not."""
        return Change(name=str(self.path), before=_shown(self.before), after=_shown(self.after))

    def write(self) -> None:
        """Whoever reads the file meanwhile has the old one or the new one, never a half."""
        if self.before == self.after:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _replace(self.path, self.after)
        except OSError as error:
            raise _unusable(self.path, error) from error


def path_of(directory: str, name: str, suffix: str) -> Path:
    """Where the file is; BadInputError for a name that would lead out of the folder."""
    if not _NAME.fullmatch(name):
        raise BadInputError(
            f"name: got '{name}'; right are letters, digits, dots, dashes and underscores, as in"
            " paris-1-31, without an ending."
        )
    return Path(directory) / f"{name}.{suffix}"


def _replace(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        # A temporary file is for its owner alone; a report is for the team.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _shown(content: bytes | None) -> Mapping[str, Any] | None:
    if content is None:
        return None
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _unusable(path: Path, error: OSError) -> MeshError:
    reason = error.strerror or str(error)
    return MeshError(
        f"The report {path} cannot be written: {reason}. Give a folder that can be made and"
        " written to where this runs."
    )
