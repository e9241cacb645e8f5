# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What an upgrade is judged by before it begins."""

    DOCUMENTATION = r"""
options:
  path:
    description:
      - How the mesh is to get to O(version).
      - V(canary) is by a second revision beside the first, V(in_place) by replacing the control
        plane where it stands.
    type: str
    choices: [canary, in_place]
    default: canary
  drain:
    description: >-
      How the workloads are to be restarted, as M(meshwright.istio.workload_restart) takes it.
    type: str
    choices: [endpoints, where_safe, rollout]
    default: endpoints
  excluded_namespaces:
    description: Namespaces that shall not move, also where all of the mesh does.
    type: list
    elements: str
    default: []
  allow:
    description: Findings that shall not forbid the upgrade, by the name of their override.
    type: list
    elements: str
    choices:
      - bad_patch
      - cni
      - control_plane_room
      - disruption_budget
      - envoy_filter
      - foreign_owner
      - gateway_api
      - gateway_config
      - gateway_pods
      - helm_pending
      - ill_pods
      - image_pull
      - injector_image
      - kubernetes_version
      - limit_range
      - listener_set
      - missing_rights
      - old_proxies
      - quota
      - rejected_config
      - root_certificate
      - trust_domain
      - undrainable
      - way_back
    default: []
  rules:
    description:
      - Parts of the rules that change with every release of Istio, in place of the shipped ones.
        So a new release can be judged before there is a new collection.
      - C(releases), C(sources) and C(gateway_kept_since) are mappings, of which an entry replaces
        the shipped one of that name. C(bad_patches), C(removed_types), C(removed_flags),
        C(retired_registries) and C(changed_defaults) are lists, which are replaced as a whole.
      - The file C(plugins/module_utils/_release_data.py) of the collection has their form.
    type: dict
    default: {}
  operator:
    description:
      - What the new control plane is to be installed with, as the option O(operator) of
        M(meshwright.istio.istio_revision) takes it; so are the next three.
      - It is compared with the running mesh. Where none of the four is given nothing is, unless
        O(path=in_place), which goes by the values that the control plane has.
    type: dict
  operator_files:
    description: Files with such documents.
    type: list
    elements: path
    default: []
  values:
    description: Helm values. An empty mapping says that it gets the defaults.
    type: dict
  values_files:
    description: Files with such values.
    type: list
    elements: path
    default: []
  try_images:
    description:
      - Whether to try if the new images can be pulled, unless something else forbids the upgrade.
    type: bool
    default: true
  images:
    description:
      - The images to try. When it is empty, those of the newest control plane there is, with
        O(version) as their tag; with O(path=in_place) that of the CNI plugin too.
    type: list
    elements: str
    default: []
  image_pull_secrets:
    description: >-
      Secrets in O(istio_namespace) with which the images are pulled. Left out, they are those of
      O(values) and O(operator), or of the control plane that runs where these are left out too.
    type: list
    elements: str
    default: []
"""
