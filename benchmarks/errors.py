# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a benchmark from being run."""

from __future__ import annotations


class BenchmarkError(Exception):
    """A benchmark could not be run; it says nothing about the speed of anything."""
