# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""HAProxy's configuration file, replaced as a whole or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    MeshError,
    RefusedError,
)

# Users' search paths often lack the folder of HAProxy.
_SEARCH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_TIMEOUT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """The file, by the path that the user gave; a link stays one, what it leads to is replaced."""

    name: str
    program: str

    @property
    def path(self) -> Path:
        return Path(self.name).resolve()

    @property
    def draft(self) -> Path:
        """What is to replace it: always the same, so that a kill leaves one at most.

        HAProxy does not load it where it is given the folder, since it is hidden.
        """
        return self.path.with_name(f".{self.path.name}.meshwright")

    def read(self) -> str:
        """Its text; bytes that are no text come back as they were when it is written."""
        try:
            return self.path.read_bytes().decode(errors="surrogateescape")
        except OSError as error:
            raise MeshError(
                f"{self.name} cannot be read: {error.strerror}. Name HAProxy's configuration file"
                " as config, and let the account of the module read it."
            ) from error

    def prepare(self, text: str) -> str:
        """Write the draft and have it checked; what stands against the check, in words.

        Refused where it cannot be written, or HAProxy would not start with it any more.
        """
        try:
            self._write(text)
        except OSError as error:
            raise RefusedError(
                f"{self.name} cannot be replaced: {error.strerror}. Let the account of the module"
                " write to its folder, or name no config."
            ) from error
        try:
            return self._check()
        except MeshError:
            self.discard()
            raise

    def refuse_unwritable(self) -> None:
        """Refuse what `prepare` would refuse, without writing."""
        places = (self.path.parent, self.path)
        if not all(os.access(each, os.W_OK, effective_ids=True) for each in places):
            raise RefusedError(
                f"{self.name} cannot be replaced by this account. Let it write to the file and to"
                " its folder, or name no config."
            )

    def replace(self) -> None:
        """Put the draft into its place."""
        try:
            self.draft.replace(self.path)
        except OSError as error:
            raise MeshError(
                f"{self.name} could not be replaced: {error.strerror}, while the sockets have the"
                " new weights. Mend that and run it again; a reload would bring the old ones back."
            ) from error
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def discard(self) -> None:
        """Take the draft away."""
        self.draft.unlink(missing_ok=True)

    def _write(self, text: str) -> None:
        before = self.path.stat()
        self.discard()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(self.draft, flags, 0o600), "wb") as file:
            file.write(text.encode(errors="surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
        with suppress(PermissionError):
            # Only root may give a file away; who owns the folder is the owner mostly.
            os.chown(self.draft, before.st_uid, before.st_gid)
        shutil.copystat(self.path, self.draft)

    def _check(self) -> str:
        program = shutil.which(self.program, path=_SEARCH)
        if program is None:
            return f"{self.name} was not checked, since there is no {self.program} here."
        found = _refusal(program, self.draft)
        if not found:
            return ""
        if _refusal(program, self.path):
            # One of several files, or one for a program that is another than this.
            return f"{self.name} cannot be checked by itself: {found}"
        raise RefusedError(
            f"{self.name} with the new weights is refused by `haproxy -c`: {found} It stays as it"
            " is; say where the weights are kept otherwise, or name no config."
        )


def _refusal(program: str, path: Path) -> str:
    """What the program has against that file; empty for nothing."""
    try:
        # AnsibleModule.run_command knows no limit of time.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            [program, "-c", "-f", str(path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{error}."
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    alerts = [line.partition(": ")[2].strip() for line in lines if "[ALERT]" in line]
    return (*alerts, *lines[-1:], f"it ended with {done.returncode}.")[0]
