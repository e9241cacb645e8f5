# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the tarball, look at what is in it, install it offline, and find everything in it."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tools.ansible_test import project_files
from tools.compatibility import syntax_check
from tools.environment import CHECKOUT

_MADE_BY_THE_BUILD = {"MANIFEST.json", "FILES.json"}
_NEEDED = {"README.md", "LICENSE", "CHANGELOG.rst", "meta/runtime.yml", "requirements.txt"}


def main() -> int:
    """Say what is wrong, if anything; 1 then."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        tarball = build(folder)
        wrong = _wrong_contents(tarball)
        collections = folder / "installed"
        # kubernetes.core is found beside ansible, so that no Galaxy is asked.
        # The checkout counts as installed already, hence the force.
        install = ("ansible-galaxy", "collection", "install", "--offline", "--force")
        _run(*install, "-p", collections, tarball)
        # Away from the checkout, whose ansible.cfg would show ansible the checkout.
        _run(*syntax_check(), cwd=folder, collections=collections)
        for kind, names in _documented().items():
            if names:
                _run("ansible-doc", "-j", "-t", kind, *names, cwd=folder, collections=collections)
    for sentence in wrong:
        print(sentence)
    return 1 if wrong else 0


def build(folder: Path) -> Path:
    """The tarball of the checkout, in that folder."""
    _run("ansible-galaxy", "collection", "build", "--force", "--output-path", folder)
    return next(folder.glob("meshwright-istio-*.tar.gz"))


def _wrong_contents(tarball: Path) -> list[str]:
    with tarfile.open(tarball) as archive:
        packed = {member.name for member in archive if not member.isdir()}
    strange = packed - set(project_files()) - _MADE_BY_THE_BUILD
    developer = {name for name in packed if name.startswith(("sandbox/", "tests/", "tools/"))}
    return [
        *(f"{name} is in the tarball but not in the project: see build_ignore" for name in strange),
        *(f"{name} is for developers only: see build_ignore" for name in developer),
        *(f"{name} is missing from the tarball" for name in _NEEDED - packed),
    ]


def _documented() -> dict[str, list[str]]:
    """The full names of what ansible-doc must find, by kind."""
    modules = sorted(file.stem for file in CHECKOUT.glob("plugins/modules/*.py"))
    roles = sorted(file.name for file in CHECKOUT.glob("roles/*"))
    return {
        "module": [f"meshwright.istio.{name}" for name in modules],
        "role": [f"meshwright.istio.{name}" for name in roles],
    }


def _run(*command: str | Path, cwd: Path = CHECKOUT, collections: Path | None = None) -> None:
    env = dict(os.environ)
    if collections is not None:
        env["ANSIBLE_COLLECTIONS_PATH"] = str(collections)
    print("$", *command, flush=True)
    # Documentation is only to be found: nobody reads it here.
    quiet = subprocess.DEVNULL if command[0] == "ansible-doc" else None
    if subprocess.call(command, cwd=cwd, env=env, stdout=quiet) != 0:
        sys.exit(1)


if __name__ == "__main__":
    sys.exit(main())
