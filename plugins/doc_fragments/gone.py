# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What becomes of names that do not exist."""

    DOCUMENTATION = r"""
options:
  gone:
    description:
      - What becomes of names that do not exist. With V(refuse) they are refused before anything is
        written, since most likely they are misspelt.
      - With V(leave_out) they are left out, as is what is deleted meanwhile. That is for names that
        were written down earlier. What is about to go with its namespace counts as gone.
    type: str
    choices: [refuse, leave_out]
    default: refuse
"""
