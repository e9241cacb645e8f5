# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Which istioctl renders a control plane, and what it is given."""

    DOCUMENTATION = r"""
options:
  istioctl_path:
    description: The C(istioctl) to render with. Refused when it is of another version.
    type: path
  istioctl_directory:
    description:
      - A folder with an C(istioctl) for each version, as C(istioctl-1.31.0), C(1.31.0/istioctl),
        C(istio-1.31.0/bin/istioctl), C(istioctl-1.31) or C(1.31/istioctl).
      - Without this and O(istioctl_path), C(istioctl) is looked for on E(PATH).
    type: path
  operator:
    description:
      - An IstioOperator document. Its profile is C(minimal) unless it names another.
      - A document that enables a gateway or ztunnel is refused, as is one that sets tags.
    type: dict
  operator_files:
    description:
      - Files with one IstioOperator document each.
      - Later ones overrule earlier ones, and O(operator) all of them.
    type: list
    elements: path
    default: []
  values:
    description:
      - Helm values, as they stand below C(spec.values) of an IstioOperator.
      - They overrule O(operator), and the options of the module overrule them.
    type: dict
  values_files:
    description:
      - Files with such values. Later ones overrule earlier ones, and O(values) all of them.
    type: list
    elements: path
    default: []
  hub:
    description: Where the images are pulled from. By default, where C(istioctl) has them from.
    type: str
  allow_other_images:
    description: Allow images whose tag is another version than that of C(istioctl).
    type: bool
    default: false
"""
