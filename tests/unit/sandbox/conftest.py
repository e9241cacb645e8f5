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

# Does what the build asks of Go, in no time; FAKE_GO_SAYS makes its next build fail with words.
FAKE_GO = r"""#!/bin/sh
echo "$@" >> "$FAKE_GO_CALLS"
case "$1" in
env) echo go1.26.8 ;;
list)
  if [ "$2" = -m ]; then echo "$FAKE_GO_FILES"; else echo "go: downloading example.com/m v1.0.0"; fi ;;
build)
  if [ -s "$FAKE_GO_SAYS" ]; then cat "$FAKE_GO_SAYS"; exit 1; fi
  while [ "$1" != -o ]; do shift; done
  target=$2; shift 2
  for package; do echo "compiling $package"; echo "program $package" > "$target/${package##*/}"; done ;;
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
