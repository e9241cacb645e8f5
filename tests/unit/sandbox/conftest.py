# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the sandbox's build share: a cache of their own and a stand-in for Go."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

# `ansible-test` puts only the collection's namespace on the path, and the sandbox is no part of it.
sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from sandbox.progress import Progress

# Does what the build asks of Go, in no time. In the folder $FAKE_GO: its version, the calls it got,
# the words its builds fail with, and the files of every module.
FAKE_GO = r"""#!/bin/sh
echo "$1" >> "$FAKE_GO/calls"
case "$1" in
env) cat "$FAKE_GO/version" ;;
list) echo "go: downloading example.com/m v1.0.0" ;;
mod)
  echo "go: downloading example.com/m v1.0.0"
  echo "{\"Dir\": \"$FAKE_GO/files\"}"
  ;;
build)
  mkdir -p "$GOCACHE" && touch "$GOCACHE/used"
  if [ -s "$FAKE_GO/failure" ]; then cat "$FAKE_GO/failure"; exit 1; fi
  while [ "$1" != -o ]; do shift; done
  folder=$2; shift 2
  for package; do
    echo "$package"
    echo "program of $package" > "$folder/${package##*/}"
  done
  ;;
esac
"""


@pytest.fixture
def said() -> io.StringIO:
    """What `progress` has printed."""
    return io.StringIO()


@pytest.fixture
def progress(said: io.StringIO) -> Progress:
    return Progress(said)


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own: none may touch the person's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("MESHWRIGHT_SANDBOX_GOCACHE", raising=False)
    return tmp_path / "xdg" / "meshwright-sandbox"


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stand-in as the only Go of the machine; gives the folder it is steered by."""
    folder = tmp_path / "fake-go"
    (folder / "bin").mkdir(parents=True)
    (folder / "files").mkdir()
    (folder / "files" / "bootstrap.json").write_text("{}")
    (folder / "version").write_text("go1.26.8\n")
    program = folder / "bin" / "go"
    program.write_text(FAKE_GO)
    program.chmod(0o755)
    monkeypatch.setenv("FAKE_GO", str(folder))
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")
    return folder
