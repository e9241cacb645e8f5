# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Look at the gateways of a cluster until they have become quiet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _gateway_counts
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
    NotReadyError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._gate_run import Clock
from ansible_collections.meshwright.istio.plugins.module_utils._gateway_counts import Counts
from ansible_collections.meshwright.istio.plugins.module_utils._ingress import Ingress, Name
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._traffic_look import (
    Look,
    Samples,
    report,
)

_NAMED = 3
# Envoy counts the connections of the whole process every five seconds only.
_AGE = 6
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When the gateways are quiet, and for how long that is waited for."""

    max_rate: float
    max_sessions: int
    quiet: int
    interval: int
    wait_timeout: int
    waited: int

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Limits:
        """Read a module's options; refused where they make no sense."""
        for name, least in (("interval", 1), ("wait_timeout", 1), ("quiet", 0), ("waited", 0)):
            if params[name] < least:
                raise BadInputError(f"{name}: got {params[name]}; right is {least} or more.")
        return cls(**{each.name: params[each.name] for each in fields(cls)})

    @property
    def least(self) -> int:
        """How long quiet is where the number of sessions may be an old one."""
        return max(self.quiet, _AGE)

    def allow(self, look: Look, rate: float) -> bool:
        """Whether that is quiet; what could not be asked is not."""
        return not look.unread and rate <= self.max_rate and look.sessions <= self.max_sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """The gateways that are looked at, and who is told meanwhile."""

    api: Api
    ingress: Ingress
    say: Callable[[str], None]
    clock: Clock = field(default_factory=Clock)

    def look(self) -> Look:
        """Ask every pod at once."""
        named = self.ingress.pods(self.api)
        pods = [(name, pod) for name, each in named.items() for pod in each]
        now, passed = self.clock.now(), self.clock.monotonic()
        answers = self.api.each(lambda pair: self._ask(pair[1]), pods)
        counts: dict[Name, dict[str, Counts]] = {name: {} for name in named}
        unread: dict[str, ApiError] = {}
        starting = []
        for (name, pod), answer in zip(pods, answers, strict=True):
            if isinstance(answer, Counts):
                counts[name][pod.uid] = answer
            elif pod.ending or not pod.ready:
                # Where its Envoy does not listen, nobody is connected to it.
                starting.append(pod.key)
            elif answer.status != _NOT_FOUND:
                unread[pod.key] = answer
        return Look(time=now, passed=passed, counts=counts, unread=unread, starting=tuple(starting))

    def measure(self) -> Look:
        """One look; ApiError where a pod that serves users could not be asked."""
        look = self.look()
        for error in look.unread.values():
            raise error
        return look

    def wait(self, limits: Limits, since: Mapping[str, Any]) -> dict[str, Any]:
        """Look until they have been quiet for long enough; NotReadyError when time is over."""
        started, quiet_from, samples = self.clock.monotonic(), None, Samples()
        before = self.look()
        while True:
            self.clock.sleep(limits.interval)
            look = self.look()
            rate = look.rate_since(before)
            samples.add(look, rate)
            if not limits.allow(look, rate):
                quiet_from = None
            elif quiet_from is None:
                quiet_from = look.passed
            held = 0.0 if quiet_from is None else look.passed - quiet_from
            found = report(look, since, rate=rate, samples=samples.kept)
            if quiet_from is not None and held >= (limits.quiet if look.exact else limits.least):
                return {**found, "quiet": True}
            if look.passed - started >= limits.wait_timeout:
                raise _still_busy(look, rate, limits, found)
            self.say(
                f"{look}, {rate:.1f} requests a second; quiet for {held:.0f} of {limits.quiet} s"
            )
            before = look

    def _ask(self, pod: Pod) -> Counts | ApiError:
        try:
            return _gateway_counts.read(self.api, pod.name, pod.namespace)
        except ApiError as error:
            return error


def _still_busy(look: Look, rate: float, limits: Limits, found: dict[str, Any]) -> NotReadyError:
    if look.unread:
        pod, error = next(iter(look.unread.items()))
        what, remedy = f"pod {pod} cannot be asked ({error.message})", "Mend that"
    else:
        busy = [
            f"{each['namespace']}/{each['name']}"
            for each in found["gateways"]
            if each["sessions"] or each["open_requests"] or each["pods"]
        ]
        what = f"{look}, {rate:.1f} requests a second at {', '.join(busy[:_NAMED])}"
        remedy = (
            "End the sessions at the director, or allow what is left by max_sessions and max_rate"
            if look.exact
            else "Probes and scrapes may be among the sessions: let the proxyStatsMatcher of the"
            " mesh keep downstream_cx_active, or allow them by max_sessions"
        )
    return NotReadyError(
        f"The gateways are not quiet after {limits.waited + limits.wait_timeout} s: {what}."
        f" {remedy}, and run it again.",
        quiet=False,
        **found,
    )
