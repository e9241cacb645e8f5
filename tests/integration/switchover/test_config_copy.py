# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configuration is brought from one real cluster to another, once, and nothing else is changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.api import ApiError
from tests.integration.support import reading, recording
from tests.integration.support.playing import Ansible, Outcome
from tests.integration.support.recording import Recorder
from tests.integration.switchover import richness
from tests.integration.switchover.conftest import Pair
from tests.integration.switchover.richness import NETWORKING, RICH, manifest

_RULE = f"/apis/{NETWORKING}/namespaces/shop/destinationrules/rich"


class Copier:
    """Copies by the module; what it asks of the target goes through the recorder."""

    def __init__(self, pair: Pair, recorder: Recorder, scratch: Path) -> None:
        self.pair = pair
        self.recorder = recorder
        self._ansible = Ansible(kubeconfig=pair.a.kubeconfig, scratch=scratch)
        self._target = {"kubeconfig": str(recorder.kubeconfig)}

    def copy(self, *, check: bool = False, **options: Any) -> Outcome:
        return self._ansible.module(
            "istio_config_copy", check=check, target=self._target, **options
        )

    def refused(self, **options: Any) -> str:
        """Copy what is to be refused; nothing may be written."""
        self.recorder.take()
        outcome = self._ansible.module(
            "istio_config_copy", fails=True, target=self._target, **options
        )
        assert self.recorder.writes() == [], "a refusal has written"
        return outcome.message

    def codes(self) -> list[str]:
        found = self._ansible.module("mesh_compare", target=self._target).result["findings"]
        return [each["code"] for each in found]

    def prove(self, **options: Any) -> tuple[Outcome, list[str], reading.Difference]:
        """Check mode and the second run write nothing; the first one does what check mode says."""
        before = reading.quiet(self.pair.b)
        self.recorder.take()
        predicted = self.copy(check=True, **options)
        assert self.recorder.writes() == [], "check mode has written"
        reading.expect_same(before, reading.read(self.pair.b), "check mode has changed")
        done = self.copy(**options)
        writes = self.recorder.writes()
        assert done.changed
        assert predicted.changed
        assert predicted.result["diff"] == done.result["diff"]
        after = reading.quiet(self.pair.b)
        again = self.copy(**options)
        assert not again.changed, again.result
        assert self.recorder.writes() == [], "the second run has written"
        reading.expect_same(after, reading.read(self.pair.b), "the second run has changed")
        return done, writes, reading.difference(before, after)


@pytest.fixture
def copier(pair: Pair, tmp_path: Path) -> Iterator[Copier]:
    with recording.record(pair.b, tmp_path) as recorder:
        yield Copier(pair, recorder, tmp_path)


def test_it_makes_the_pair_equal_and_then_writes_nothing(copier: Copier) -> None:
    copier.pair.a.apply([*(each.document for each in RICH), richness.secret()])
    assert "route_missing" in copier.codes()
    done, writes, difference = copier.prove()
    assert done.result["counts"]["created"] == len(RICH) == len(writes)
    assert {each["object"] for each in done.result["objects"] if each["action"] == "created"} == {
        each.name for each in RICH
    }
    # A gateway of the Gateway API with an address needs no workload, so nothing follows from it.
    # Objects are read by their plural, which the two kinds of gateway share.
    assert len(difference.added) == len({each.document["kind"] for each in RICH})
    assert not difference.removed
    assert not difference.changed
    assert copier.codes() == ["certificate_missing", "istio_version"]
    with pytest.raises(ApiError, match="not found"):
        copier.pair.b.objects.get(copier.pair.b.objects.path(richness.secret()))


def test_secrets_come_only_when_told_and_are_not_shown(copier: Copier) -> None:
    secret = richness.secret()
    copier.pair.a.apply([*(each.document for each in RICH), secret])
    done, writes, _difference = copier.prove(secrets=True)
    assert len(writes) == len(RICH) + 1
    assert copier.codes() == ["istio_version"]
    assert secret["data"]["tls.key"] not in json.dumps(dict(done.result))
    there = copier.pair.b.objects.get(copier.pair.b.objects.path(secret))
    assert there["data"] == secret["data"]


def test_what_differs_is_updated_and_what_is_beside_it_stays(copier: Copier) -> None:
    for cluster in copier.pair:
        cluster.apply([each.document for each in RICH])
    beside = [each.beside()[1] for each in RICH[:1]]
    copier.pair.a.apply([each.differing() for each in RICH])
    message = copier.refused()
    assert message.startswith("Others keep ")
    assert "(sandbox)" in message
    copier.pair.b.apply(beside)
    done, writes, difference = copier.prove(force=True)
    counts = done.result["counts"]
    assert counts["updated"] + counts["replaced"] == len(RICH) == len(writes)
    assert (difference.added, difference.removed) == (frozenset(), frozenset())
    assert done.result["only_in_target"] == [RICH[0].beside()[0]]
    assert copier.codes() == ["gateway_extra", "istio_version"]


def test_a_field_that_another_tool_has_set_is_taken_away_by_force_alone(copier: Copier) -> None:
    rule = manifest(NETWORKING, "DestinationRule", "rich", {"host": richness.HOST})
    copier.pair.a.apply([rule])
    theirs = {**rule, "spec": {**rule["spec"], "exportTo": ["."]}}
    copier.pair.b.kubectl("create", "-f", "-", stdin=yaml.safe_dump(theirs))
    assert "Others keep DestinationRule shop/rich (another tool)" in copier.refused()
    done, writes, _difference = copier.prove(force=True)
    assert writes == [f"PUT {_RULE}"]
    assert done.result["counts"]["replaced"] == 1
    assert copier.pair.b.objects.get(_RULE)["spec"] == rule["spec"]


def test_namespaces_are_made_only_when_told(copier: Copier) -> None:
    metadata = {"name": "blog", "labels": {"istio-injection": "enabled", "team": "writers"}}
    slim = manifest(NETWORKING, "Sidecar", "slim", {"egress": [{"hosts": ["./*"]}]}, "blog")
    copier.pair.a.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, slim])
    assert copier.refused().startswith("The target lacks the namespaces blog.")
    done, _writes, _difference = copier.prove(create_namespaces=True)
    assert done.result["namespaces"] == ["blog"]
    labels = copier.pair.b.objects.get("/api/v1/namespaces/blog")["metadata"]["labels"]
    assert labels == {"team": "writers", "kubernetes.io/metadata.name": "blog"}
