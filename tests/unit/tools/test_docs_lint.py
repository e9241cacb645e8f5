# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a temporary folder is called is nobody's mistake; everything else is told."""

from __future__ import annotations

import pytest

from tools import docs_lint
from tools.running import Ended

UNLUCKY = Ended(
    code=3, output='x.rst:4:0: (ERROR/3) Unknown target name: "antsibull-docs-o5o7328".\n'
)
WRONG = Ended(code=3, output='x.rst:9:0: (ERROR/3) Unknown target name: "somebody".\n')
WELL = Ended(code=0, output="")


@pytest.mark.parametrize(
    ("endings", "code", "said"),
    [
        ([WELL], 0, ""),
        ([UNLUCKY, UNLUCKY, WELL], 0, ""),
        ([UNLUCKY, WRONG], 3, WRONG.output),
        ([WRONG], 3, WRONG.output),
        ([UNLUCKY] * 4, 3, UNLUCKY.output),
    ],
)
def test_asks_again_only_where_the_name_is_to_blame(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    endings: list[Ended],
    code: int,
    said: str,
) -> None:
    left = iter(endings)
    monkeypatch.setattr(docs_lint, "run", lambda *_arguments, **_how: next(left))
    assert docs_lint.main() == code
    assert capsys.readouterr().out == said
    assert list(left) == [], "it is asked as often as it has to be"
