# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Prometheus: what it answers to a query, by URL or through the API server."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
    MeshError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._web import (
    NoAnswerError,
    Web,
    check_headers,
    check_url,
)

OPTIONS: dict[str, Any] = {
    "url": {"type": "str"},
    "service": {"type": "str"},
    "headers": {"type": "dict", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_cert": {"type": "path"},
    "timeout": {"type": "int", "default": 10},
}
# A port-forward speaks plain HTTP to the pod and sends no headers of ours.
EXCLUSIVE = [("url", "service"), ("service", "headers"), ("service", "ca_cert")]
_PATH = "/api/v1/query"
_SERVICE = re.compile(
    r"(?P<namespace>[a-z0-9-]+)/(?P<name>[a-z0-9.-]+):(?P<port>[a-z0-9-]+)(?P<prefix>/\S*)?"
)
# Before 3.0 the remarks on a query stood among the warnings.
_REMARK = "PromQL info:"
_SHOWN = 200

Ask = Callable[[str, Mapping[str, str]], tuple[int, bytes]]


class UnmeasuredError(Exception):
    """There is no number, and the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Service as the option names it; `port` is a number or a name."""

    namespace: str
    name: str
    port: str
    prefix: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}:{self.port}{self.prefix}"

    @classmethod
    def parse(cls, text: str) -> Service:
        """Read the option."""
        found = _SERVICE.fullmatch(text)
        if found is None:
            raise BadInputError(
                f"prometheus.service: got '{text}'; right is namespace/name:port, with a path"
                " behind it where Prometheus has one."
            )
        parts = found.groupdict(default="")
        return cls(**{**parts, "prefix": parts["prefix"].rstrip("/")})

    def find_pod(self, api: Api) -> tuple[str, int]:
        """A pod behind it that is ready, and the port there."""
        item = api.get(_kinds.SERVICE, self.name, self.namespace)
        if item is None:
            raise UnmeasuredError(f"the Service {self.namespace}/{self.name} does not exist")
        ports = {
            text: port.get("name", "")
            for port in item["spec"].get("ports") or ()
            for text in (str(port["port"]), port.get("name"))
        }
        if self.port not in ports:
            known = ", ".join(text for text in ports if text)
            raise UnmeasuredError(f"the Service {self} has only the ports {known or '(none)'}")
        selector = f"kubernetes.io/service-name={self.name}"
        slices = api.list(_kinds.ENDPOINT_SLICE, self.namespace, label_selector=selector)
        for each in slices:
            found = _pods(each, ports[self.port])
            if found:
                return found[0]
        raise UnmeasuredError(f"the Service {self} has no pod that is ready")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where Prometheus is; either `url` or `service` is there."""

    url: str | None
    service: Service | None
    headers: Mapping[str, str] = field(repr=False)
    verify: bool
    ca_cert: str | None
    timeout: int

    def __str__(self) -> str:
        return self.url or f"the Service {self.service}"

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Settings:
        """Read the option."""
        url, service = params["url"], params["service"]
        if params["timeout"] < 1:
            raise BadInputError(
                f"prometheus.timeout: got {params['timeout']}; right is at least 1 second."
            )
        return cls(
            url=_check_base(url) if url is not None else None,
            service=Service.parse(service) if service is not None else None,
            headers=check_headers("prometheus.headers", params["headers"]),
            verify=params["validate_certs"],
            ca_cert=params["ca_cert"],
            timeout=params["timeout"],
        )


def _check_base(url: str) -> str:
    if "?" in url or "#" in url:
        raise BadInputError(
            f"prometheus.url: got '{url}'; right is the address before {_PATH}, without ? and #."
        )
    return check_url("prometheus.url", url).rstrip("/")


class Prometheus:
    """Answers queries; threads may share it."""

    def __init__(self, settings: Settings, api: Api) -> None:
        self._settings = settings
        self._ask = (
            _by_service(api, settings.service, settings.timeout)
            if settings.service
            else _by_url(settings)
        )

    def value(self, promql: str) -> float | None:
        """What the query gives now, None for no data; UnmeasuredError for anything but a number."""
        value: float | None = self.ask(_PATH, {"query": promql}, _number)
        return value

    def ask(self, path: str, fields: Mapping[str, str], read: Callable[[Any], Any]) -> Any:
        """What `read` makes of the answer; UnmeasuredError, and why, where there is none."""
        try:
            status, body = self._ask(path, {**fields, "timeout": f"{self._settings.timeout}s"})
        except NoAnswerError as error:
            raise UnmeasuredError(f"{self._settings} cannot be asked: {error}") from error
        except MeshError as error:
            raise UnmeasuredError(error.message.rstrip(".")) from error
        try:
            answer = json.loads(body)
            if answer["status"] == "success":
                return read(answer)
            said = f"Prometheus refuses the query ({answer['errorType']}): {answer['error']}"
        except (ValueError, TypeError, LookupError):
            text = " ".join(body.decode(errors="replace").split())[:_SHOWN]
            said = f"{self._settings} answered {status}, and not as Prometheus does: {text}"
        raise UnmeasuredError(said)


def _by_url(settings: Settings) -> Ask:
    web = Web(verify=settings.verify, ca_cert=settings.ca_cert, option="prometheus.ca_cert")
    headers = {**settings.headers, "Content-Type": "application/x-www-form-urlencoded"}

    def ask(path: str, fields: Mapping[str, str]) -> tuple[int, bytes]:
        url, limit = f"{settings.url}{path}", settings.timeout
        reply = web.send("POST", url, headers=headers, body=urlencode(fields), timeout=limit)
        if 300 <= reply.status < 400:
            raise NoAnswerError(f"it redirects to {reply.location}; give the URL of the API itself")
        if not reply.whole:
            raise NoAnswerError("its answer is larger than a mebibyte")
        return reply.status, reply.body

    return ask


def _by_service(api: Api, service: Service, timeout: int) -> Ask:
    def ask(path: str, fields: Mapping[str, str]) -> tuple[int, bytes]:
        # Each time anew, for pods come and go.
        pod, port = service.find_pod(api)
        url = f"{service.prefix}{path}?{urlencode(fields)}"
        try:
            body = api.pod_get(pod, service.namespace, port=port, path=url, timeout=timeout)
        except ApiError as error:
            if "body" not in error.details:
                raise
            return error.status, error.details["body"].encode()
        return 200, body

    return ask


def _pods(item: Mapping[str, Any], port: str) -> Sequence[tuple[str, int]]:
    """The ready pods of an EndpointSlice, with the number of the port of that name."""
    numbers = [each["port"] for each in item.get("ports") or () if (each.get("name") or "") == port]
    return [
        (endpoint["targetRef"]["name"], number)
        for number in numbers
        for endpoint in item.get("endpoints") or ()
        if (endpoint.get("targetRef") or {}).get("kind") == "Pod"
        and (endpoint.get("conditions") or {}).get("ready") is not False
    ]


def _number(answer: Mapping[str, Any]) -> float | None:
    warnings = [each for each in answer.get("warnings") or () if not each.startswith(_REMARK)]
    if warnings:
        raise UnmeasuredError(f"Prometheus warns of its answer: {'; '.join(warnings)}")
    point = _point(answer["data"]["resultType"], answer["data"]["result"])
    if point is None:
        return None
    value = float(point[1])
    if not math.isfinite(value):
        raise UnmeasuredError(f"the query gives {point[1]}, which no limit can be held against")
    return value


def _point(kind: str, result: Any) -> Any:
    """The time and value of the only series; None where there is none."""
    if kind == "scalar":
        return result
    if kind != "vector":
        raise UnmeasuredError(f"the query gives a {kind}, where one number is wanted")
    if len(result) > 1:
        raise UnmeasuredError(
            f"the query gives {len(result)} series, where one is wanted; put sum(...) or max(...)"
            " around it"
        )
    if result and "value" not in result[0]:
        raise UnmeasuredError("the query gives a histogram, where one number is wanted")
    return result[0]["value"] if result else None
