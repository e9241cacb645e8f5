# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Show what a module says while it waits: Ansible itself shows nothing until a module has ended.

The module appends lines to a file in the task's temporary folder (`module_utils/_progress.py`);
a thread beside it prints them on the controller. Terminal and AWX output show them at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible.utils.display import Display
from ansible_collections.meshwright.istio.plugins.module_utils._progress import FILE_NAME
from ansible_collections.meshwright.istio.plugins.plugin_utils._module_action import ModuleAction

_LOOK_EVERY = 0.5
# Nobody should have to wonder for longer whether the run is alive.
_SILENCE = 12.0


class WaitingAction(ModuleAction):
    """Runs the module of the same name, and shows its progress."""

    # Of what goes on in the background nothing would be shown.
    _supports_async = False

    def showing(self, folder: str, task_vars: Mapping[str, Any]) -> Teller:
        """Show what the module says."""
        host = task_vars.get("inventory_hostname", "")
        file = Path(folder) / FILE_NAME
        return Teller(file, lambda text: Display().display(f"  [{host}] {text}"))

    def run_elsewhere(self, arguments: dict[str, Any], task_vars: Mapping[str, Any]) -> Any:
        """Have Ansible run it, and show what it says."""
        # The temporary folder has to be there, and known, before the module starts.
        self._make_tmp_path()
        with self.showing(self._connection._shell.tmpdir, task_vars):
            return super().run_elsewhere(arguments, task_vars)


class Teller:
    """Prints the lines that are appended to a file, and that one still waits when none are."""

    def __init__(
        self, file: Path, show: Callable[[str], None], *, silence: float = _SILENCE
    ) -> None:
        self._file = file
        self._show = show
        self._silence = silence
        self._read = 0
        self._last_text = "no word from the module yet"
        self._started = self._last_time = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> Teller:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _tell(self) -> None:
        while not self._over.wait(_LOOK_EVERY):
            self._look()

    def _look(self) -> None:
        for text in self._new_lines():
            self._last_text = text
            self._say(text)
        if time.monotonic() - self._last_time >= self._silence:
            self._say(f"still: {self._last_text}")

    def _new_lines(self) -> list[str]:
        try:
            with self._file.open(encoding="utf-8") as file:
                file.seek(self._read)
                text = file.read()
        except FileNotFoundError:
            return []
        whole = text[: text.rfind("\n") + 1]
        self._read += len(whole.encode())
        return whole.splitlines()

    def _say(self, text: str) -> None:
        now = time.monotonic()
        self._last_time = now
        self._show(f"{now - self._started:5.0f} s  {text}")
