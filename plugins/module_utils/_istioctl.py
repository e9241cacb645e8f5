# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The istioctl of one version: found, made sure of, and asked to render."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version


class Run(Protocol):
    """As much of AnsibleModule.run_command as is used."""

    def __call__(
        self, args: list[str], *, environ_update: Mapping[str, str]
    ) -> tuple[int, str, str]: ...


# How the folder that the option istioctl_directory names may be laid out, in the order of trying.
_LAYOUTS: tuple[Callable[[Version], str], ...] = (
    lambda version: f"istioctl-{version}",
    lambda version: f"{version}/istioctl",
    lambda version: f"istio-{version}/bin/istioctl",
    lambda version: f"istioctl-{version.major}.{version.minor}",
    lambda version: f"{version.major}.{version.minor}/istioctl",
)
# Rendering needs no cluster; a kubeconfig of the environment must not be looked at either.
_ENVIRONMENT = {"KUBECONFIG": os.devnull}


def locate(version: Version, path: str | None, directory: str | None) -> str:
    """The program of that version, by the options or on PATH."""
    if path:
        return _executable("istioctl_path", path)
    if directory:
        tried = [Path(directory).expanduser() / layout(version) for layout in _LAYOUTS]
        found = next((each for each in tried if each.is_file()), None)
        if found is None:
            names = ", ".join(layout(version) for layout in _LAYOUTS)
            raise BadInputError(
                f"istioctl_directory: '{directory}' has no istioctl of {version}; right is a folder"
                f" with one of {names}."
            )
        return _executable("istioctl_directory", str(found))
    on_path = shutil.which("istioctl")
    if on_path is None:
        raise BadInputError(
            f"There is no istioctl on PATH. Give the one of {version} with istioctl_path, or a"
            " folder of them with istioctl_directory."
        )
    return on_path


def _executable(option: str, path: str) -> str:
    expanded = Path(path).expanduser()
    if expanded.is_file() and os.access(expanded, os.X_OK):
        return str(expanded)
    raise BadInputError(
        f"{option}: '{expanded}' cannot be run; right is an istioctl on the machine that runs the"
        " module, with permission to execute it."
    )


def require_version(run: Run, program: str, wanted: Version) -> None:
    """Refuse an istioctl of another version: it would install that one."""
    code, out, error = run(
        [program, "version", "--remote=false", "-o", "json"], environ_update=_ENVIRONMENT
    )
    try:
        found = json.loads(out)["clientVersion"]["version"] if code == 0 else ""
    except (ValueError, KeyError, TypeError):
        found = ""
    if not found:
        raise BadInputError(
            f"{program} does not tell its version (exit code {code}): {_first_words(error or out)}"
            f" Give an istioctl of {wanted} with istioctl_path or istioctl_directory."
        )
    if Version.parse(found) != wanted:
        raise BadInputError(
            f"version: got '{wanted}', but {program} is {found} and renders that. Give the istioctl"
            f" of {wanted} with istioctl_path or istioctl_directory."
        )


def render(run: Run, program: str, documents: Sequence[Mapping[str, Any]], folder: str) -> str:
    """The manifest, as YAML; `folder` is for the documents and nobody else's."""
    command = [program, "manifest", "generate"]
    for number, document in enumerate(documents):
        path = Path(folder) / f"istio_operator_{number}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(document), encoding="utf-8")
        command += ["-f", str(path)]
    code, out, error = run(command, environ_update=_ENVIRONMENT)
    if code != 0:
        raise BadInputError(
            f"{program} cannot render what operator, values and the other options ask for:"
            f" {_first_words(error or out)} Correct them; nothing was written."
        )
    return out


def _first_words(text: str) -> str:
    words = " ".join(text.split())
    return (words[:600] or "it says nothing").rstrip(".") + "."
