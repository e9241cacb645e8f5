# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One file a figure; `ALL` has them in the order in which they are measured."""

from __future__ import annotations

from benchmarks.figure import Figure
from benchmarks.figures import (
    move_far,
    move_few,
    move_many,
    nothing_to_do,
    preflight,
    proxy_status,
    wait_for_rollouts,
)

ALL: tuple[Figure, ...] = (
    move_many.FIGURE,
    move_far.FIGURE,
    move_few.FIGURE,
    nothing_to_do.FIGURE,
    proxy_status.FIGURE,
    preflight.FIGURE,
    wait_for_rollouts.FIGURE,
)
