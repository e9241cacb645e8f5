# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""An installation as the module asks for it: options checked, rendered, planned, carried out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _install_plan,
    _installation,
    _istioctl,
    _istiod_budget,
    _kinds,
    _manifest,
    _operator,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._images import Images
from ansible_collections.meshwright.istio.plugins.module_utils._install_plan import (
    InstallPlan,
    Intent,
)
from ansible_collections.meshwright.istio.plugins.module_utils._installation import Manner
from ansible_collections.meshwright.istio.plugins.module_utils._istioctl import Run
from ansible_collections.meshwright.istio.plugins.module_utils._manifest import Part
from ansible_collections.meshwright.istio.plugins.module_utils._pulling import Pulling
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._steps import HasOptions, Step
from ansible_collections.meshwright.istio.plugins.module_utils._version import read_option
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter


class HasCommands(HasOptions, Protocol):
    """What an installation needs of an AnsibleModule."""

    @property
    def run_command(self) -> Run: ...

    @property
    def tmpdir(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What will be done."""

    plan: InstallPlan
    manner: Manner

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.plan.steps

    def facts(self) -> dict[str, Any]:
        """What the module returns beside the steps."""
        return {"kept": [target.summary() for target in self.plan.kept]}

    def carry_out(self, api: Api, waiter: Waiter) -> dict[str, Any]:
        """Write, and wait until the control plane can serve."""
        _installation.carry_out(api, self.steps, self.manner, waiter)
        if not self.manner.wait:
            return {}
        return {"proof": _installation.prove(api, self.steps, self.manner, waiter)}


def plan(api: Api, module: HasCommands, revision: Revision) -> Installation:
    """Check the options, have istioctl render them, and compare the result with the cluster."""
    params = module.params
    version = read_option("version", params["version"])
    _check_numbers(params)
    documents = _operator.documents(params, revision)
    program = _istioctl.locate(version, params["istioctl_path"], params["istioctl_directory"])
    _istioctl.require_version(module.run_command, program, version)
    rendered = _istioctl.render(module.run_command, program, documents, module.tmpdir)
    parts = _read_parts(api, rendered, params, revision)
    images = Images.of(parts, revision)
    if not params["allow_other_images"]:
        images.check(version)
    owner = ((params["operator"] or {}).get("metadata") or {}).get("name")
    intent = Intent(
        revision=revision,
        version=version,
        take_over=frozenset(params["take_over"]),
        allow_skew=params["allow_skew"],
    )
    manner = Manner(
        revision=revision,
        images=images,
        try_images=params["try_images"],
        pulling=_read_pulling(parts, revision, params["image_pull_secrets"]),
        wait=params["wait"],
    )
    labelled = _manifest.label(parts, revision, version, owner)
    return Installation(plan=_install_plan.make(api, labelled, intent), manner=manner)


def _read_parts(
    api: Api, rendered: str, params: Mapping[str, Any], revision: Revision
) -> tuple[Part, ...]:
    parts = _manifest.read(api, _manifest.parse(rendered), revision)
    _manifest.refuse_unasked_cni(parts, asked=params["cni"])
    return _istiod_budget.add(parts, revision, params["disruption_budget"])


def _read_pulling(parts: Sequence[Part], revision: Revision, secrets: Iterable[str]) -> Pulling:
    """How the rendered istiod pulls its images."""
    deployment = _manifest.require(parts, _kinds.DEPLOYMENT, revision.istiod)
    account = _manifest.find(parts, _kinds.SERVICE_ACCOUNT, revision.istiod)
    return Pulling.of_objects(deployment.document, account.document if account else None, secrets)


def _check_numbers(params: Mapping[str, Any]) -> None:
    replicas = params["replicas"]
    if replicas is not None and replicas < 1:
        raise BadInputError(
            f"replicas: got {replicas}; right is 1 or more. To remove it, use state: absent."
        )
    _istiod_budget.check(params["disruption_budget"], replicas)
