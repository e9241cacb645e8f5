# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks that no linter has: prints each violation, and ends with 1 when there is any."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.environment import CHECKOUT
from tools.rules import changes, lists, modules, roles, sizes

Rule = Callable[[Path], Iterator[str]]

RULES: tuple[Rule, ...] = (
    sizes.too_long_files,
    sizes.too_many_tasks,
    modules.out_of_order,
    modules.too_much_code,
    modules.exits_elsewhere,
    modules.check_mode_elsewhere,
    roles.defaults_differ_from_specs,
    roles.entry_points_without_tasks,
    lists.readme_differs_from_files,
    lists.documented_strangers,
    lists.missing_companions,
    lists.action_group_differs_from_files,
    changes.missing_fragment,
)


def violations(root: Path) -> list[str]:
    """One sentence each, beginning with the file."""
    return [sentence for rule in RULES for sentence in rule(root)]


def main() -> int:
    found = violations(CHECKOUT)
    for sentence in found:
        print(sentence)
    print(f"{len(RULES)} rules, {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
