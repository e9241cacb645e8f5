# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each rule is seen to fire, on a small collection that otherwise breaks none."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.check_collection import RULES, Rule, violations
from tools.rules import changes, lists, modules, roles, sizes

MODULE = '''\
#!/usr/bin/python
# Copyright: (c) 2026
# GNU General Public License v3.0+
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paint a fence."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fence
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes.action_group
"""

EXAMPLES = r""""""

RETURN = r""""""

from typing import Any


def argument_spec() -> dict[str, Any]:
    return {}


def run(module: Any) -> dict[str, Any]:
    if not module.check_mode:
        module.paint()
    return {}


def main() -> None:
    module.exit_json(**run(module))


if __name__ == "__main__":
    main()
'''
FILES = {
    "README.md": """\
# Fences

## What is inside

### Modules

| Module | Does |
| --- | --- |
| `fence` | paints |

### Roles

| `garden` | fences a garden in |

### Playbooks

| `tidy_up` | tidies up |
""",
    "changelogs/fragments/1-fence.yml": "minor_changes: [fence - is new.]",
    "extensions/molecule/garden_alternative/molecule.yml": "",
    "extensions/molecule/garden_default/molecule.yml": "",
    "extensions/molecule/garden_failure/molecule.yml": "",
    "meta/runtime.yml": "action_groups: {istio: [fence]}",
    "playbooks/tidy_up.yml": "- hosts: all",
    "plugins/module_utils/_fence.py": "LENGTH = 12",
    "plugins/modules/fence.py": MODULE,
    "roles/garden/README.md": "# garden",
    "roles/garden/defaults/main.yml": "garden_colour: green\ngarden_gates: 1\n",
    "roles/garden/meta/argument_specs.yml": """\
argument_specs:
  main:
    options:
      garden_colour: {type: str, default: green}
      garden_owner: {type: str, required: true}
  open:
    options:
      garden_gates: {type: int, default: 1}
""",
    "roles/garden/tasks/main.yml": "- block: [{name: a}, {name: b}]\n  rescue: [{name: c}]",
    "roles/garden/tasks/open.yml": "- name: open",
    "plugins/action/fence.py": "",
    "tests/unit/plugins/modules/test_fence.py": "",
}
SPECS = "roles/garden/meta/argument_specs.yml"
DEFAULTS = "roles/garden/defaults/main.yml"


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        write(name, text)(tmp_path)
    return tmp_path


Breakage = Callable[[Path], object]


def write(name: str, text: str) -> Breakage:
    def breakage(root: Path) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")

    return breakage


def replace(name: str, old: str, new: str) -> Breakage:
    assert old in FILES[name]
    return write(name, FILES[name].replace(old, new))


def remove(name: str) -> Breakage:
    return lambda root: (root / name).unlink()


CASES: dict[str, tuple[Rule, Breakage, str]] = {
    "a long plugin": (
        sizes.too_long_files,
        write("plugins/module_utils/_fence.py", "pass\n" * 251),
        "plugins/module_utils/_fence.py: 251 lines, at most 250 are allowed",
    ),
    "a long sandbox file": (
        sizes.too_long_files,
        write("sandbox/deep/down.py", "pass\n" * 251),
        "sandbox/deep/down.py: 251 lines, at most 250 are allowed",
    ),
    "a long test": (
        sizes.too_long_files,
        write("tests/unit/test_it.py", "pass\n" * 401),
        "tests/unit/test_it.py: 401 lines, at most 400 are allowed",
    ),
    "a long playbook": (
        sizes.too_long_files,
        write("playbooks/tidy_up.yml", "#\n" * 61),
        "playbooks/tidy_up.yml: 61 lines, at most 60 are allowed",
    ),
    "a long task file": (
        sizes.too_long_files,
        write("roles/garden/tasks/open.yml", "#\n" * 81),
        "roles/garden/tasks/open.yml: 81 lines, at most 80 are allowed",
    ),
    "a long tasks/main.yml": (
        sizes.too_long_files,
        write("roles/garden/tasks/main.yml", "#\n" * 41),
        "roles/garden/tasks/main.yml: 41 lines, at most 40 are allowed",
    ),
    "many tasks, in a block": (
        sizes.too_many_tasks,
        write("roles/garden/tasks/open.yml", "- block:" + "\n    - {name: a}" * 13),
        "roles/garden/tasks/open.yml: 13 tasks, at most 12 are allowed",
    ),
    "a module without examples": (
        modules.out_of_order,
        replace("plugins/modules/fence.py", 'EXAMPLES = r""""""\n', ""),
        "plugins/modules/fence.py: has docstring",
    ),
    "a module that imports first": (
        modules.out_of_order,
        replace("plugins/modules/fence.py", "DOCUMENTATION", "import os\n\nDOCUMENTATION"),
        "plugins/modules/fence.py: has docstring",
    ),
    "a module with one more function": (
        modules.out_of_order,
        replace("plugins/modules/fence.py", "def run", "def help(): ...\n\n\ndef run"),
        "plugins/modules/fence.py: has docstring",
    ),
    "a module without its licence": (
        modules.out_of_order,
        replace("plugins/modules/fence.py", "# GNU", "# No"),
        "plugins/modules/fence.py: does not begin with",
    ),
    "a module with much code": (
        modules.too_much_code,
        replace("plugins/modules/fence.py", "import Any\n", "import Any\n" + "import os\n" * 62),
        "plugins/modules/fence.py: 81 lines of code, at most 80 are allowed",
    ),
    "a module with long functions": (
        modules.too_much_code,
        replace("plugins/modules/fence.py", "    return {}\n\n\ndef m", "\n" * 50 + "\n\ndef m"),
        "plugins/modules/fence.py: 65 lines of functions, at most 60 are allowed",
    ),
    "a run() with many statements": (
        modules.too_much_code,
        replace("plugins/modules/fence.py", "module.paint()", "a(); " * 24 + "a()"),
        "plugins/modules/fence.py: run() has 27 statements, at most 25",
    ),
    "exit_json in module_utils": (
        modules.exits_elsewhere,
        write("plugins/module_utils/_fence.py", "\nmodule.exit_json()"),
        "plugins/module_utils/_fence.py:2: exit_json is for main() in plugins/modules only",
    ),
    "fail_json in run()": (
        modules.exits_elsewhere,
        replace("plugins/modules/fence.py", "module.paint()", "module.fail_json()"),
        "plugins/modules/fence.py:30: fail_json is for main() in plugins/modules only",
    ),
    "check_mode in main()": (
        modules.check_mode_elsewhere,
        replace("plugins/modules/fence.py", "    module.exit_json", "    module.check_mode"),
        "plugins/modules/fence.py:35: check_mode is for run() only",
    ),
    "a default with another value": (
        roles.defaults_differ_from_specs,
        replace(DEFAULTS, "green", "red"),
        f"{SPECS}: main: garden_colour is 'green' by default, but 'red' in defaults/main.yml",
    ),
    "a default of another type, in another entry point": (
        roles.defaults_differ_from_specs,
        replace(DEFAULTS, "1", "true"),
        f"{SPECS}: open: garden_gates is 1 by default, but True in defaults/main.yml",
    ),
    "a default that is not specified": (
        roles.defaults_differ_from_specs,
        replace(DEFAULTS, "garden_gates", "garden_size: 3\ngarden_gates"),
        f"{DEFAULTS}: garden_size is in no argument spec",
    ),
    "a default that is only specified": (
        roles.defaults_differ_from_specs,
        replace(DEFAULTS, "garden_colour: green", ""),
        f"{SPECS}: main: garden_colour has a default that is not in defaults/main.yml",
    ),
    "a default of what is required": (
        roles.defaults_differ_from_specs,
        replace(DEFAULTS, "garden_gates", "garden_owner: me\ngarden_gates"),
        f"{SPECS}: main: garden_owner has no default, but one is in defaults/main.yml",
    ),
    "no defaults": (
        roles.defaults_differ_from_specs,
        remove(DEFAULTS),
        f"{DEFAULTS}: is missing",
    ),
    "no argument specs": (
        roles.defaults_differ_from_specs,
        lambda root: (root / SPECS).rename(root / "roles/garden/meta/argument_spec.yml"),
        f"{SPECS}: is missing",
    ),
    "an entry point without tasks": (
        roles.entry_points_without_tasks,
        remove("roles/garden/tasks/open.yml"),
        f"{SPECS}: open: there is no tasks/open.yml",
    ),
    "no entry point main": (
        roles.entry_points_without_tasks,
        replace(SPECS, "main:", "open:"),
        f"{SPECS}: has no entry point main",
    ),
    "a module that README does not list": (
        lists.readme_differs_from_files,
        replace("README.md", "`fence`", "`hedge`"),
        "README.md: Modules: fence is not in the list",
    ),
    "a role that does not exist": (
        lists.readme_differs_from_files,
        replace("README.md", "| `garden` |", "| `garden` | |\n| `yard` |"),
        "README.md: Roles: yard does not exist",
    ),
    "a playbook that is listed twice": (
        lists.readme_differs_from_files,
        replace("README.md", "| `tidy_up` |", "| `tidy_up` | |\n| `tidy_up` |"),
        "README.md: Playbooks: tidy_up is in the list more than once",
    ),
    "a guide to something that is not there": (
        lists.documented_strangers,
        replace("roles/garden/README.md", "# garden", "# garden\n\nRun meshwright.istio.hedge."),
        "roles/garden/README.md: meshwright.istio.hedge does not exist",
    ),
    "no README": (
        lists.readme_differs_from_files,
        remove("README.md"),
        "README.md: Playbooks: tidy_up is not in the list",
    ),
    "a module without action": (
        lists.missing_companions,
        remove("plugins/action/fence.py"),
        "plugins/action/fence.py: is missing",
    ),
    "a module without tests": (
        lists.missing_companions,
        remove("tests/unit/plugins/modules/test_fence.py"),
        "tests/unit/plugins/modules/test_fence.py: is missing",
    ),
    "a role without its scenario of failure": (
        lists.missing_companions,
        remove("extensions/molecule/garden_failure/molecule.yml"),
        "extensions/molecule/garden_failure/molecule.yml: is missing",
    ),
    "a role without README": (
        lists.missing_companions,
        remove("roles/garden/README.md"),
        "roles/garden/README.md: is missing",
    ),
    "a module outside the action group": (
        lists.action_group_differs_from_files,
        replace("meta/runtime.yml", "fence", "fence, hedge"),
        "meta/runtime.yml: hedge is in the action group istio, but does not exist",
    ),
    "an action group without a module": (
        lists.action_group_differs_from_files,
        replace("meta/runtime.yml", "fence", ""),
        "meta/runtime.yml: fence is not in the action group istio",
    ),
    "a module that is silent about its action group": (
        lists.action_group_differs_from_files,
        replace("plugins/modules/fence.py", "attributes.action_group", "attributes"),
        "plugins/modules/fence.py: does not document its action group",
    ),
    "a module in the action group that asks no cluster": (
        lists.action_group_differs_from_files,
        replace("plugins/modules/fence.py", "kubernetes.core.k8s_auth_options", "garden.tools"),
        "meta/runtime.yml: fence is in the action group istio, but asks no cluster",
    ),
    "no fragment": (
        changes.missing_fragment,
        remove("changelogs/fragments/1-fence.yml"),
        "changelogs/fragments: is empty, but plugins/action/fence.py has changed",
    ),
}


def test_finds_nothing_in_a_good_collection(collection: Path) -> None:
    assert violations(collection) == []


@pytest.mark.parametrize(("rule", "breakage", "sentence"), CASES.values(), ids=CASES)
def test_each_rule_fires(collection: Path, rule: Rule, breakage: Breakage, sentence: str) -> None:
    breakage(collection)
    found = list(rule(collection))
    assert len(found) >= 1
    assert any(line.startswith(sentence) for line in found), found
    assert set(found) <= set(violations(collection))


def test_every_rule_has_a_case() -> None:
    assert {rule for rule, _breakage, _sentence in CASES.values()} == set(RULES)


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("changed", "fires"),
    [("plugins/module_utils/_fence.py", True), ("docs/guide.rst", False)],
    ids=["users notice", "nobody notices"],
)
def test_asks_for_a_fragment_only_of_what_changed_since_the_release(
    collection: Path, changed: str, *, fires: bool
) -> None:
    remove("changelogs/fragments/1-fence.yml")(collection)
    write("docs/guide.rst", "old")(collection)
    git(collection, "init", "-q")
    git(collection, "add", ".")
    git(collection, "commit", "-q", "-m", "Release")
    git(collection, "tag", "0.1.0")
    assert list(changes.missing_fragment(collection)) == []
    write(changed, "NEW = 1")(collection)
    assert [line.split(" has")[0] for line in changes.missing_fragment(collection)] == (
        [f"changelogs/fragments: is empty, but {changed}"] if fires else []
    )
