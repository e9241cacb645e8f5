# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists that must agree with the files: README, tests, action group."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

GROUP = "istio"
_FRAGMENT = "meshwright.istio.attributes.action_group"
_AUTHENTICATION = "kubernetes.core.k8s_auth_options"
_LISTED = {
    "Modules": "plugins/modules/*.py",
    "Roles": "roles/*/",
    "Playbooks": "playbooks/*.yml",
}
_DOCUMENTED = ("README.md", "docs/docsite/rst/*.rst", "roles/*/README.md", "examples/*.yml")
# A name of ours, but neither a label of the documentation nor the address of the repository.
_NAME = re.compile(r"(?<!ansible_collections\.)\bmeshwright\.istio\.(?!git\b)(\w+)")
_SCENARIOS = ("default", "alternative", "failure")
# A list is a table whose rows begin with a name in code.
_ROW = re.compile(r"^\| `([\w.]+)`", re.MULTILINE)


def readme_differs_from_files(root: Path) -> Iterator[str]:
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    for heading, pattern in _LISTED.items():
        files = {path.stem for path in root.glob(pattern)}
        listed = _ROW.findall(_chapter(text, heading))
        for name in sorted(files - set(listed)):
            yield f"README.md: {heading}: {name} is not in the list"
        for name in sorted(set(listed) - files):
            yield f"README.md: {heading}: {name} does not exist"
        for name in sorted({name for name in listed if listed.count(name) > 1}):
            yield f"README.md: {heading}: {name} is in the list more than once"


def documented_strangers(root: Path) -> Iterator[str]:
    """What a guide tells people to run is there."""
    known = {GROUP} | {path.stem for pattern in _LISTED.values() for path in root.glob(pattern)}
    for file in sorted(path for pattern in _DOCUMENTED for path in root.glob(pattern)):
        for name in sorted(set(_NAME.findall(file.read_text(encoding="utf-8"))) - known):
            yield f"{file.relative_to(root)}: meshwright.istio.{name} does not exist"


def missing_companions(root: Path) -> Iterator[str]:
    """A module has its action and its unit tests, a role its scenarios and a README."""
    wanted = [
        place.format(name)
        for name in sorted(file.stem for file in root.glob("plugins/modules/*.py"))
        for place in ("plugins/action/{}.py", "tests/unit/plugins/modules/test_{}.py")
    ]
    for role in sorted(folder.name for folder in root.glob("roles/*/")):
        wanted.append(f"roles/{role}/README.md")
        wanted += [f"extensions/molecule/{role}_{kind}/molecule.yml" for kind in _SCENARIOS]
    yield from (f"{name}: is missing" for name in wanted if not (root / name).is_file())


def action_group_differs_from_files(root: Path) -> Iterator[str]:
    """Every module that asks a cluster takes its authentication from module_defaults, and says so.

    Another one would be given options that it does not have.
    """
    group = set(_load(root / "meta/runtime.yml").get("action_groups", {}).get(GROUP, []))
    extended = {
        file.stem: _documentation(file).get("extends_documentation_fragment", [])
        for file in sorted(root.glob("plugins/modules/*.py"))
    }
    members = {name for name, fragments in extended.items() if _AUTHENTICATION in fragments}
    for name in sorted(members - group):
        yield f"meta/runtime.yml: {name} is not in the action group {GROUP}"
    for name in sorted(group - extended.keys()):
        yield f"meta/runtime.yml: {name} is in the action group {GROUP}, but does not exist"
    for name in sorted((group & extended.keys()) - members):
        yield f"meta/runtime.yml: {name} is in the action group {GROUP}, but asks no cluster"
    for name in sorted(members):
        if _FRAGMENT not in extended[name]:
            yield f"plugins/modules/{name}.py: does not document its action group ({_FRAGMENT})"
    for name in sorted(extended.keys() - members):
        if _FRAGMENT in extended[name]:
            yield f"plugins/modules/{name}.py: documents an action group, but asks no cluster"


def _chapter(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one."""
    found = re.search(rf"^#+ {heading}$(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def _documentation(module: Path) -> dict[str, Any]:
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="DOCUMENTATION")], value=ast.Constant(value=text)):
                return dict(yaml.safe_load(str(text)))
    return {}


def _load(file: Path) -> dict[str, Any]:
    return (yaml.safe_load(file.read_text(encoding="utf-8")) or {}) if file.is_file() else {}
