# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run route53_weights in the process of its task."""

from __future__ import annotations

from ansible_collections.meshwright.istio.plugins.plugin_utils._module_action import (
    ModuleAction,
    load_module,
)


class ActionModule(ModuleAction):
    """Runs the module."""

    module = load_module("route53_weights")
