# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""End a task whose ansible-playbook is gone.

Ansible runs each task in a process of its own, which outlives a controller that is killed, and the
module with it. It would go on draining beside the next run, which takes the lock over from the one
that it sees to be gone.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time

_LOOK_EVERY = 0.5


def end_with_controller(every: float = _LOOK_EVERY) -> None:
    """From now on, end this worker and what it has started once its parent has ended.

    Does nothing where it is no worker of its own: whoever calls it then ends it himself.
    """
    parent = multiprocessing.parent_process()
    if parent is None or parent.pid is None:
        return
    threading.Thread(target=_watch, args=(parent.pid, every), daemon=True).start()


def _watch(parent: int, every: float) -> None:
    # An orphan is given another parent at once. A look at the process of that number would not do:
    # numbers are used again.
    while os.getppid() == parent:
        time.sleep(every)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGTERM)
    else:
        os.kill(os.getpid(), signal.SIGTERM)
