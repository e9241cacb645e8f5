# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Attributes that several modules share, said once."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and say what would change without writing to the cluster.
    support: full
  diff_mode:
    description: In diff mode, returns what has changed, or would change in C(check_mode).
    support: full
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation
        says that nothing changed and sends no write to the cluster.
    support: full
"""

    ACTION_GROUP = r"""
options: {}
attributes:
  action_group:
    description: C(group/meshwright.istio.istio) in C(module_defaults) sets this module's defaults.
    support: full
    membership:
      - meshwright.istio.istio
"""
