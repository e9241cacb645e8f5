# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module looks like."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

LINES_OF_CODE = 80
LINES_OF_FUNCTIONS = 60
STATEMENTS = {"run": 25, "main": 15}
_HEADER = ("#!/usr/bin/python", "# Copyright", "# GNU General Public License", "# SPDX")
_SECTIONS = (
    "docstring",
    "from __future__",
    "DOCUMENTATION",
    "EXAMPLES",
    "RETURN",
    "imports",
    "argument_spec()",
    "run()",
    "main()",
    "start of main()",
)
_EXITS = {"fail_json", "exit_json"}


def out_of_order(root: Path) -> Iterator[str]:
    """Every section, in its order, and nothing else."""
    for file, name in _modules(root):
        text = file.read_text(encoding="utf-8")
        lines = text.splitlines() + [""] * len(_HEADER)
        if not all(map(str.startswith, lines, _HEADER)):
            yield f"{name}: does not begin with the lines {', '.join(_HEADER)}"
        found = [_section(node) for node in ast.parse(text).body]
        if _without_repeats(found) != list(_SECTIONS):
            yield f"{name}: has {', '.join(_without_repeats(found))}; wanted {', '.join(_SECTIONS)}"


def too_much_code(root: Path) -> Iterator[str]:
    """A module is thin: what it does is in module_utils."""
    for file, name in _modules(root):
        body = ast.parse(file.read_text(encoding="utf-8")).body
        functions = [node for node in body if isinstance(node, ast.FunctionDef)]
        imports = [node for node in body if _section(node) == "imports"]
        end = body[-1].end_lineno or 0
        if imports and (count := end - imports[0].lineno + 1) > LINES_OF_CODE:
            yield f"{name}: {count} lines of code, at most {LINES_OF_CODE} are allowed"
        if functions and (count := end - functions[0].lineno + 1) > LINES_OF_FUNCTIONS:
            yield f"{name}: {count} lines of functions, at most {LINES_OF_FUNCTIONS} are allowed"
        for function in functions:
            limit = STATEMENTS.get(function.name)
            count = sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1
            if limit is not None and count > limit:
                yield f"{name}: {function.name}() has {count} statements, at most {limit}"


def exits_elsewhere(root: Path) -> Iterator[str]:
    """Whatever goes wrong is raised; only main() tells Ansible."""
    for file in sorted(root.glob("plugins/**/*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        if file.parent == root / "plugins/modules":
            tree.body = [node for node in tree.body if getattr(node, "name", "") != "main"]
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in _EXITS:
                place = f"{file.relative_to(root)}:{node.lineno}"
                yield f"{place}: {node.attr} is for main() in plugins/modules only"


def check_mode_elsewhere(root: Path) -> Iterator[str]:
    """Only run() decides what check mode leaves out."""
    for file, name in _modules(root):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        tree.body = [node for node in tree.body if getattr(node, "name", "") != "run"]
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == "check_mode":
                yield f"{name}:{node.lineno}: check_mode is for run() only"


def _modules(root: Path) -> Iterator[tuple[Path, str]]:
    for file in sorted(root.glob("plugins/modules/*.py")):
        yield file, str(file.relative_to(root))


def _section(node: ast.stmt) -> str:
    """The name of the section that a top-level statement belongs to."""
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            section = "docstring"
        case ast.ImportFrom(module="__future__"):
            section = "from __future__"
        case ast.Import() | ast.ImportFrom():
            section = "imports"
        case ast.Assign(targets=[ast.Name(id=name)]):
            section = name
        case ast.FunctionDef(name=name):
            section = f"{name}()"
        case ast.If():
            section = "start of main()"
        case _:
            section = type(node).__name__
    return section


def _without_repeats(sections: list[str]) -> list[str]:
    return [after for before, after in pairwise(["", *sections]) if after != before]
