# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A role's defaults and its argument specs say the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

_DEFAULTS = "defaults/main.yml"
_SPECS = "meta/argument_specs.yml"


def defaults_differ_from_specs(root: Path) -> Iterator[str]:
    """Ansible takes a default from defaults/, documentation takes it from the spec."""
    for role in _roles(root):
        name = role.relative_to(root)
        missing = [file for file in (_DEFAULTS, _SPECS) if not (role / file).is_file()]
        yield from (f"{name}/{file}: is missing" for file in missing)
        if missing:
            continue
        defaults = _load(role / _DEFAULTS)
        specified: set[str] = set()
        for entry_point, spec in _load(role / _SPECS).get("argument_specs", {}).items():
            options = spec.get("options") or {}
            specified.update(options)
            for problem in _compare(options, defaults):
                yield f"{name}/{_SPECS}: {entry_point}: {problem}"
        for option in sorted(defaults.keys() - specified):
            yield f"{name}/{_DEFAULTS}: {option} is in no argument spec"


def entry_points_without_tasks(root: Path) -> Iterator[str]:
    """An entry point is a task file; a spec for anything else is never read."""
    for role in _roles(root):
        entry_points = _load(role / _SPECS).get("argument_specs", {})
        for name in sorted(entry_points):
            if not (role / "tasks" / f"{name}.yml").is_file():
                yield f"{role.relative_to(root)}/{_SPECS}: {name}: there is no tasks/{name}.yml"
        if "main" not in entry_points:
            yield f"{role.relative_to(root)}/{_SPECS}: has no entry point main"


def _compare(options: dict[str, Any], defaults: dict[str, Any]) -> Iterator[str]:
    for option, description in options.items():
        described = "default" in description
        if described and option not in defaults:
            yield f"{option} has a default that is not in {_DEFAULTS}"
        elif not described and option in defaults:
            yield f"{option} has no default, but one is in {_DEFAULTS}"
        elif described and not _same(description["default"], defaults[option]):
            yield (
                f"{option} is {description['default']!r} by default, "
                f"but {defaults[option]!r} in {_DEFAULTS}"
            )


def _same(one: object, other: object) -> bool:
    """Python takes 1, 1.0 and true for equal; a user does not."""
    return one == other and repr(one) == repr(other)


def _roles(root: Path) -> list[Path]:
    return sorted(folder for folder in root.glob("roles/*") if folder.is_dir())


def _load(file: Path) -> dict[str, Any]:
    return (yaml.safe_load(file.read_text(encoding="utf-8")) or {}) if file.is_file() else {}
