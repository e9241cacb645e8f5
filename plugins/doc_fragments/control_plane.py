# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Where the control plane is, and whose objects may be written to."""

    DOCUMENTATION = r"""
options:
  istio_namespace:
    description: The namespace of the control plane.
    type: str
    default: istio-system
  take_over:
    description:
      - Tools whose objects may be overwritten or removed all the same; any other such object is
        refused. The tool may undo it.
      - V(helm) stands for objects of a Helm release, V(sail) for those of the Sail operator,
        V(argo_cd) and V(flux) for those of these GitOps tools.
    type: list
    elements: str
    choices: [helm, sail, argo_cd, flux]
    default: []
"""
