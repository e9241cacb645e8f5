# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What a module says while it waits; the action plugin of the module shows it as it is said."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

FILE_NAME = "meshwright_progress"
_AT_MOST_EVERY = 2.0


class HasTmpdir(Protocol):
    """What `Progress` needs of an AnsibleModule."""

    @property
    def tmpdir(self) -> str: ...


class Progress:
    """Lines for the person who waits; a line that says the same again is not repeated."""

    def __init__(self, module: HasTmpdir, clock: Callable[[], float] = time.monotonic) -> None:
        self._module = module
        self._clock = clock
        self._last_text = ""
        self._last_time = float("-inf")

    def say(self, text: str, *, at_once: bool = False) -> None:
        """Show the text, unless another was shown less than two seconds ago (or `at_once`)."""
        now = self._clock()
        if text == self._last_text or (not at_once and now - self._last_time < _AT_MOST_EVERY):
            return
        self._last_text, self._last_time = text, now
        with (Path(self._module.tmpdir) / FILE_NAME).open("a", encoding="utf-8") as file:
            file.write(" ".join(text.split()) + "\n")
