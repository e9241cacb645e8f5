# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Which labels a pod has to change so that it gets no new requests and nothing else changes.

A pod that leaves the selectors of its Services goes on running, and what it has begun it ends. A
label that policies select by as well must stay: the pod would lose their protection, or gain a
refusal, while it still answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations
from types import MappingProxyType

from ansible_collections.meshwright.istio.plugins.module_utils._standing import Sender, Standing

Labels = Mapping[str, str]

VALUE = "meshwright-draining"
# A pod of so many Services with nothing in common has nothing simple about it.
_MOST_KEYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """The labels to change, as they were, and the Services that are left by it.

    `obstacle` says why there is none. `by_readiness` is whether pods that serve leave by not
    being ready, as they would lose too much with the labels.
    """

    changes: Labels = field(default_factory=dict)
    before: Labels = field(default_factory=dict)
    senders: tuple[Sender, ...] = ()
    obstacle: str | None = None
    by_readiness: bool = False

    @property
    def headless(self) -> tuple[Sender, ...]:
        """The Services whose clients find pods by name, and may go on with one that they found."""
        return tuple(sender for sender in self.senders if sender.headless)

    @property
    def keeps_to_node(self) -> tuple[Sender, ...]:
        """The Services that lead from a node to the pods of that node and to no other."""
        return tuple(sender for sender in self.senders if sender.is_local)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Their names in the DNS."""
        return tuple(
            f"{sender.name}.{sender.namespace}.svc.cluster.local" for sender in self.headless
        )

    def is_in(self, changes: Labels) -> bool:
        """Whether these changes of a pod's labels take it out of its Services."""
        return bool(self.changes) and self.changes.items() <= changes.items()


def find(
    standing: Standing,
    namespace: str,
    labels: Labels,
    *,
    kept: Iterable[str] = (),
    added: Labels = MappingProxyType({}),
) -> Departure:
    """The smallest change that takes such a pod out of all its Services and touches no policy.

    The labels in `kept` are not to be changed, nor those that its controller has `added`.
    """
    senders = tuple(standing.senders_of(namespace, labels, added))
    if not senders:
        return Departure()
    disturbed: list[str] = []
    for keys in _candidates(senders, {*kept, *added}):
        changes = dict.fromkeys(keys, VALUE)
        found = standing.disturbed(namespace, labels, {**labels, **changes})
        if not found:
            before = {key: labels[key] for key in keys}
            return Departure(changes=changes, before=before, senders=senders)
        disturbed = disturbed or found
    return Departure(senders=senders, obstacle=_describe(senders, disturbed))


def _candidates(senders: Sequence[Sender], kept: set[str]) -> Iterator[tuple[str, ...]]:
    """Sets of keys of which each sender has one in its selector, the smallest first."""
    keys = sorted(set(chain.from_iterable(sender.selector for sender in senders)) - kept)
    for size in range(1, min(len(keys), _MOST_KEYS) + 1):
        for chosen in combinations(keys, size):
            if all(set(chosen) & sender.selector.keys() for sender in senders):
                yield chosen


def _describe(senders: Sequence[Sender], disturbed: Sequence[str]) -> str:
    named = ", ".join(map(str, senders[:3]))
    if not disturbed:
        return f"no label of its pods can be changed to take them out of {named}"
    policies = ", ".join(dict.fromkeys(disturbed[:3]))
    return (
        f"the labels by which {named} selects its pods are those by which {policies} does, and a"
        " pod that leaves the one would leave the other while it still answers"
    )
