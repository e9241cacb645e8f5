# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""An AnsibleModule that shows nobody the secrets of a kubeconfig that is given as a dictionary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _kubeconfig_secrets


class Module(AnsibleModule):  # type: ignore[misc] # ansible-core has no types
    """Hides them before anything is logged, which the constructor does, and in every result."""

    def _log_invocation(self) -> None:
        self._hide()
        super()._log_invocation()

    def _return_formatted(self, kwargs: dict[str, Any]) -> None:
        # A refusal of the options is returned before anything is logged.
        self._hide()
        super()._return_formatted(kwargs)

    def _hide(self) -> None:
        for login in (self.params, self.params.get("target")):
            if isinstance(login, Mapping):
                for secret in _kubeconfig_secrets.secrets(login.get("kubeconfig")):
                    # The log has the dictionary as Python writes it.
                    self.no_log_values |= {secret, repr(secret)[1:-1]}
