# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The troubleshooting guide has every error that the plugins raise, and none that they do not.

Errors are read from the source: what is filled in at run time is `…`, and an entry of the guide is
the beginning of a sentence, written in the same way.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
GUIDE = (ROOT / "docs/docsite/rst/troubleshooting.rst").read_text(encoding="utf-8")
ERRORS = {"MeshError", "BadInputError", "RefusedError", "NotReadyError", "ApiError"}
FILLED_IN = "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file, and the function in which each of its calls stands."""

    path: Path
    tree: ast.Module

    def calls(self) -> Iterator[tuple[ast.Call, ast.FunctionDef | None]]:
        def walk(
            node: ast.AST, function: ast.FunctionDef | None
        ) -> Iterator[tuple[ast.Call, ast.FunctionDef | None]]:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.Call):
                    yield child, function
                yield from walk(child, child if isinstance(child, ast.FunctionDef) else function)

        return walk(self.tree, None)

    def sentences(self) -> Iterator[tuple[str, str]]:
        """Where each error is made, and its sentence."""
        for call, function in self.calls():
            if _name(call) in ERRORS and call.args:
                for sentence in self.read(call.args[0], function):
                    short = re.sub(f"{FILLED_IN}+", FILLED_IN, sentence)
                    yield f"{self.path.relative_to(ROOT)}:{call.lineno}", short

    def read(self, node: ast.expr, function: ast.FunctionDef | None) -> list[str]:
        """Every text that the expression may give."""
        match node:
            case ast.Constant() | ast.JoinedStr():
                pieces = getattr(node, "values", [node])
                return ["".join(map(_text, pieces))]
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                both = itertools.product(self.read(left, function), self.read(right, function))
                return ["".join(pair) for pair in both]
            case ast.IfExp(body=body, orelse=orelse):
                return [*self.read(body, function), *self.read(orelse, function)]
            case ast.Call(func=ast.Name(id=name)):
                return self._returns(name) or [FILLED_IN]
            case ast.Name(id=name) if function is not None:
                return self._arguments(name, function) or [FILLED_IN]
            case _:
                return [FILLED_IN]

    def _returns(self, name: str) -> list[str]:
        """What a function of this file returns."""
        return [
            text
            for function in ast.walk(self.tree)
            if isinstance(function, ast.FunctionDef) and function.name == name
            for node in ast.walk(function)
            if isinstance(node, ast.Return) and node.value is not None
            for text in self.read(node.value, function)
        ]

    def _arguments(self, name: str, function: ast.FunctionDef) -> list[str]:
        """What a function of this file is called with for one of its parameters."""
        names = [argument.arg for argument in function.args.args]
        if name not in names:
            return []
        return [
            text
            for call, caller in self.calls()
            if _name(call) == function.name and len(call.args) > names.index(name)
            for text in self.read(call.args[names.index(name)], caller)
        ]


def _text(piece: ast.expr) -> str:
    return str(piece.value) if isinstance(piece, ast.Constant) else FILLED_IN


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def sources() -> Iterator[Source]:
    for path in sorted(PLUGINS.rglob("*.py")):
        yield Source(path=path, tree=ast.parse(path.read_text(encoding="utf-8")))


SENTENCES = sorted({each for source in sources() for each in source.sentences()})
ENTRIES = re.findall(r"^``(.+)``\n    \S", GUIDE, re.MULTILINE)
ROWS = re.findall(r"^   \* - ``(\w+)``$", GUIDE, re.MULTILINE)


def fixed(text: str) -> str:
    return text.replace(FILLED_IN, "")


@pytest.mark.parametrize(("place", "sentence"), SENTENCES)
def test_error_is_a_sentence_and_has_its_entry(place: str, sentence: str) -> None:
    assert len(re.findall(r"\w{2,}", fixed(sentence))) > 2, f"{place}: say it in words there"
    assert any(map(sentence.startswith, ENTRIES)), (
        f"{place}: troubleshooting.rst has no entry that begins so:\n``{sentence}``"
    )


def test_errors_are_found() -> None:
    """All others would pass if nothing were read."""
    assert len(SENTENCES) > 100


@pytest.mark.parametrize("entry", ENTRIES)
def test_entry_is_of_an_error_and_stands_once(entry: str) -> None:
    assert any(sentence.startswith(entry) for _name, sentence in SENTENCES), "no error begins so"
    assert ENTRIES.count(entry) == 1
    assert len(fixed(entry)) > 12, "so short a beginning would fit errors that it is not about"


def test_every_finding_has_its_row() -> None:
    codes = {
        str(keyword.value.value)
        for source in sources()
        if source.path.parent.name in ("preflight", "verify")
        for call, _function in source.calls()
        for keyword in call.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }
    assert sorted(codes) == sorted(ROWS)
