# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run gateway_revision in the process of its task, and show what it says while it waits."""

from __future__ import annotations

from ansible_collections.meshwright.istio.plugins.plugin_utils._module_action import load_module
from ansible_collections.meshwright.istio.plugins.plugin_utils._waiting import WaitingAction


class ActionModule(WaitingAction):
    """Runs the module and shows its progress."""

    module = load_module("gateway_revision")
