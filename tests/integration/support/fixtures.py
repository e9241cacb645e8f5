# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of modules, roles and playbooks on a real mesh share."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import istio, reset
from sandbox.api import Object
from sandbox.cluster import Cluster
from tests.integration.support import recording
from tests.integration.support.lab import NEW, Lab, canary
from tests.integration.support.playing import Ansible
from tests.integration.support.recording import Recorder
from tools import check_package

_BESIDE = "beside"
VALIDATORS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests that have 1.31 beside it come in a row: installing it takes a while."""
    items.sort(key=lambda item: "beside" not in getattr(item, "fixturenames", ()))


@pytest.fixture
def recorder(cluster: Cluster, tmp_path: Path) -> Iterator[Recorder]:
    """Stands between the modules and the cluster."""
    with recording.record(cluster, tmp_path) as recorder:
        yield recorder


@pytest.fixture
def lab(cluster: Cluster, recorder: Recorder, tmp_path: Path) -> Lab:
    """The cluster in the state in which the last test left it."""
    ansible = Ansible(kubeconfig=recorder.kubeconfig, scratch=tmp_path)
    return Lab(cluster=cluster, ansible=ansible, recorder=recorder)


@pytest.fixture
def beside(cluster: Cluster) -> Cluster:
    """The mesh as it was when it was new, and 1.31 beside it, put there by istioctl."""
    if reset.knows(cluster, _BESIDE):
        reset.restore(cluster, _BESIDE)
    else:
        reset.restore(cluster)
        istio.install(cluster, "1.31", NEW)
        # istiod lets its validator refuse what is wrong only once it has seen that it does.
        cluster.objects.wait(VALIDATORS, lenient, what="the validators")
        reset.remember(cluster, _BESIDE)
    return cluster


def lenient(validators: list[Object]) -> str:
    """Which of them let everything pass still, in the form in which it is asked for."""
    names = [
        each["metadata"]["name"]
        for each in validators
        if any(webhook["failurePolicy"] != "Fail" for webhook in each["webhooks"])
    ]
    return f"{', '.join(names)} would let anything pass" if names else ""


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the tarball of this checkout was installed, as a person would."""
    folder = tmp_path_factory.mktemp("collections")
    tarball = check_package.build(folder)
    subprocess.run(
        ["ansible-galaxy", "collection", "install", "--offline", "--force", "-p", folder, tarball],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return folder


@pytest.fixture
def upgrades(cluster: Cluster, recorder: Recorder, installed: Path, tmp_path: Path) -> Lab:
    """As `lab`, with the collection as it was installed and what an upgrade here takes."""
    ansible = Ansible(
        kubeconfig=recorder.kubeconfig,
        scratch=tmp_path,
        collections=installed,
        variables={**canary(cluster), "canary_report_directory": str(tmp_path / "reports")},
    )
    return Lab(cluster=cluster, ansible=ansible, recorder=recorder)
