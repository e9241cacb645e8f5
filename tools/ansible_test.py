# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-test on a copy of the checkout, in the only kind of folder that it accepts."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools import environment, pythons
from tools.environment import CACHE, CHECKOUT
from tools.setup import install_debian_packages

COLLECTIONS = CACHE / "work/ansible_collections"
TREE = COLLECTIONS / "meshwright/istio"
OUTPUT = TREE / "tests/output"
REPORTS = OUTPUT / "junit"
_LINKS = CACHE / "pythons"
_OF_TOOLS = ("tests/unit/sandbox", "tests/unit/benchmarks", "tests/unit/tools")
# What is not of the collection runs on the newest Python, and what says so in its first lines takes
# minutes and does not depend on ansible-core.
NOT_REPEATED = (*_OF_TOOLS, "tests/unit/plugins/modules/test_*_killed.py")
# It forks for each test, which takes longer than most of them: it gets those that run modules and
# plugins as Ansible does. The rest needs none of Ansible, and runs on the oldest and the newest.
_WITHOUT_ANSIBLE = ("tests/unit/plugins/module_utils", "tests/unit/test_*.py")
_LEFT_OUT = {
    # What is not shipped is checked by ruff and mypy.
    "sanity": (
        "sandbox",
        "benchmarks",
        "tools",
        "tests/browser",
        "tests/integration",
        "tests/unit",
    ),
    "units": (*NOT_REPEATED, *_WITHOUT_ANSIBLE),
}
# Does what the original does: it, too, runs pip from a wheel to install pip.
_BOOTSTRAP = """\
# Stands in for get-pip.py, which ansible-test fetches from a host that many networks do not reach.
import runpy
import sys

sys.path.insert(0, {wheel!r})
options = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.argv = ["pip", "install", *options]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


def main() -> int:
    """`python -m tools.ansible_test sanity|units [its options]`."""
    if len(sys.argv) == 1:
        print(f"usage: {main.__doc__}", file=sys.stderr)
        return 2
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "work.lock").open("w") as lock:
        # Another run may be using the copy; it ends by itself.
        fcntl.flock(lock, fcntl.LOCK_EX)
        copy_checkout()
        link_pythons()
        provide_pip_bootstrap()
        if shutil.which("shellcheck") is None and not install_debian_packages("shellcheck"):
            print("shellcheck is not installed, so shell scripts are not checked.", flush=True)
        subcommand, *options = sys.argv[1:]
        for pattern in _LEFT_OUT.get(subcommand, ()):
            for left_out in TREE.glob(pattern):
                _remove(left_out)
        path = f"{_LINKS}{os.pathsep}{os.environ['PATH']}"
        command = ["ansible-test", subcommand, "--venv", *options]
        return subprocess.call(command, cwd=TREE, env={**os.environ, "PATH": path})


def copy_checkout() -> None:
    """Copy what belongs to the project as it stands now, keeping what ansible-test remembers."""
    TREE.mkdir(parents=True, exist_ok=True)
    for entry in TREE.iterdir():
        if entry.name != "tests":
            _remove(entry)
    for entry in (TREE / "tests").glob("*"):
        if entry != OUTPUT:
            _remove(entry)
    for name in project_files():
        target = TREE / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CHECKOUT / name, target, follow_symlinks=False)
    _link_kubernetes_core()


def project_files() -> list[str]:
    """The files that git knows or would add, and that are there."""
    # A checkout may belong to somebody else, as in a container; it is only listed.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others"]
    listing = subprocess.run(
        [*command, "--exclude-standard"], cwd=CHECKOUT, check=True, capture_output=True, text=True
    )
    names = sorted(set(listing.stdout.split("\0")) - {""})
    return [name for name in names if os.path.lexists(CHECKOUT / name)]


def link_pythons() -> None:
    """One folder with nothing but interpreters that work: ansible-test takes any on PATH."""
    shutil.rmtree(_LINKS, ignore_errors=True)
    _LINKS.mkdir()
    for minor, interpreter in pythons.find().items():
        (_LINKS / f"python{minor}").symlink_to(interpreter)


def provide_pip_bootstrap() -> None:
    """Put the script with which ansible-test gets its pip where it looks before it downloads."""
    version = _wanted_pip()
    script = Path.home() / f".ansible/test/cache/get_pip_{version.replace('.', '_')}.py"
    wheel = CACHE / f"pip-{version}-py3-none-any.whl"
    if script.exists() and wheel.exists():
        return
    venv = Path(sys.prefix)
    environment.install(
        venv, ["download", "--no-deps", "-d", CACHE, f"pip=={version}"], f"fetching pip {version}"
    )
    script.parent.mkdir(parents=True, exist_ok=True)
    if not script.exists():
        script.write_text(_BOOTSTRAP.format(wheel=str(wheel)), encoding="utf-8")


def _wanted_pip() -> str:
    spec = importlib.util.find_spec("ansible_test")
    if spec is None or spec.submodule_search_locations is None:
        raise environment.SetupError("ansible-test is missing: run this by tools/in_venv.sh")
    source = Path(spec.submodule_search_locations[0]) / "_internal/python_requirements.py"
    match = re.search(r"pip='([\d.]+)'", source.read_text(encoding="utf-8"))
    if match is None:
        raise environment.SetupError(f"{source} does not say which pip it wants")
    return match[1]


def _link_kubernetes_core() -> None:
    (packages,) = Path(sys.prefix).glob("lib/python3.*/site-packages")
    link = COLLECTIONS / "kubernetes"
    _remove(link)
    link.symlink_to(packages / "ansible_collections/kubernetes", target_is_directory=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
