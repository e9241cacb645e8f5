# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Route 53, by boto3: what is read and written of it, and its errors as sentences."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _route53_plan
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    MeshError,
    NotReadyError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._route53_plan import Wanted

# `connect` refuses without them, before anything else here is called.
with contextlib.suppress(ImportError):
    import boto3
    import botocore.config
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

# Route 53 is one for all regions, but boto3 wants to be told one.
_REGION = "us-east-1"
_UNKNOWN = (
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "UnrecognizedClientException",
)
# With these it has read the batch and had the right to apply it, if it could be applied.
_NOT_APPLIED = ("InvalidChangeBatch", "InvalidInput")
_NOBODY = "meshwright.istio: no record has this identifier"
_PAUSE = 2.0
# A group of weighted records has at most this many.
_PAGE = "100"


def connect(endpoint_url: str, region: str) -> Any:
    """A client that tries again what may be tried again, throttling included."""
    if "boto3" not in globals():
        raise MeshError("Python lacks the package boto3 here: pip install boto3.")
    config = botocore.config.Config(
        retries={"mode": "standard", "max_attempts": 6}, connect_timeout=10, read_timeout=30
    )
    try:
        return boto3.client(
            "route53",
            region_name=region or _REGION,
            endpoint_url=endpoint_url or None,
            config=config,
        )
    except (BotoCoreError, ValueError) as error:
        raise MeshError(
            f"boto3 cannot make a client of Route 53: {error}. Correct endpoint_url, region or its"
            " configuration."
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The time that passes."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """One hosted zone, and the client by which it is spoken to."""

    client: Any
    id: str

    @classmethod
    def find(cls, client: Any, zone: str) -> Zone:
        """By its id, or by its name where that is enough."""
        if "." not in zone:
            return cls(client=client, id=zone)
        name = _route53_plan.normal_name(zone)
        found = _call(client, "ListHostedZonesByName", DNSName=name, MaxItems=_PAGE)
        ids = [
            each["Id"].rpartition("/")[2] for each in found["HostedZones"] if each["Name"] == name
        ]
        if not ids:
            raise RefusedError(
                f"Route 53 has no hosted zone {name} for these credentials: correct zone, or use"
                " the credentials of its account."
            )
        if len(ids) > 1:
            raise RefusedError(
                f"Route 53 has {len(ids)} hosted zones {name}: give the id of the right one of"
                f" {', '.join(ids)} as zone."
            )
        return cls(client=client, id=ids[0])

    def records(self, wanted: Wanted) -> Sequence[Mapping[str, Any]]:
        """Those of the name and type, and perhaps some behind them."""
        found = self._call(
            "ListResourceRecordSets",
            StartRecordName=wanted.name,
            StartRecordType=wanted.type,
            MaxItems=_PAGE,
        )
        records: Sequence[Mapping[str, Any]] = found["ResourceRecordSets"]
        return records

    def health(self, health_check: str) -> bool | None:
        """What a health check says; None where there is none, or none whose checkers tell."""
        if not health_check:
            return None
        try:
            found = self.client.get_health_check_status(HealthCheckId=health_check)
        except ClientError as error:
            # One that is calculated, or follows an alarm, has no checkers.
            if _code(error) == "InvalidInput":
                return None
            raise _refusal("GetHealthCheckStatus", error) from error
        return _route53_plan.is_healthy(found["HealthCheckObservations"])

    def check_rights(self, wanted: Wanted) -> None:
        """Refuse credentials that may not write.

        They ask for the removal of a record that is not there, which Route 53 refuses, but only
        after it has looked whether they may ask.
        """
        nobody = {
            "Name": wanted.name,
            "Type": wanted.type,
            "SetIdentifier": _NOBODY,
            "Weight": 0,
            "TTL": 1,
            "ResourceRecords": [
                {
                    "Value": {"A": "192.0.2.1", "AAAA": "2001:db8::1"}.get(
                        wanted.type, "nowhere.invalid."
                    )
                }
            ],
        }
        try:
            self._change([{"Action": "DELETE", "ResourceRecordSet": nobody}])
        except ApiError as error:
            if error.reason not in _NOT_APPLIED:
                raise

    def write(self, changes: Sequence[Mapping[str, Any]], timeout: int, clock: Clock) -> None:
        """Apply all of them at once, and wait until every name server has them."""
        change = self._change(changes)["ChangeInfo"]
        end = clock.monotonic() + timeout
        while change["Status"] != "INSYNC":
            if clock.monotonic() >= end:
                raise NotReadyError(
                    f"The name servers of Route 53 do not all have the change {change['Id']} after"
                    f" {timeout} s. It stands; look at the service health of Route 53, or raise"
                    " wait_timeout."
                )
            clock.sleep(_PAUSE)
            change = _call(self.client, "GetChange", Id=change["Id"])["ChangeInfo"]

    def _change(self, changes: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        return self._call("ChangeResourceRecordSets", ChangeBatch={"Changes": list(changes)})

    def _call(self, operation: str, **arguments: Any) -> Mapping[str, Any]:
        return _call(self.client, operation, HostedZoneId=self.id, **arguments)


def _call(client: Any, operation: str, **arguments: Any) -> Mapping[str, Any]:
    method = "".join(f"_{each.lower()}" if each.isupper() else each for each in operation)
    try:
        found: Mapping[str, Any] = getattr(client, method.lstrip("_"))(**arguments)
    except (BotoCoreError, ClientError) as error:
        raise _refusal(operation, error) from error
    return found


def _refusal(operation: str, error: Exception) -> MeshError:
    if isinstance(error, NoCredentialsError):
        return MeshError(
            "boto3 finds no credentials for Route 53: set AWS_ACCESS_KEY_ID and"
            " AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or another of the places where it looks."
        )
    code = _code(error)
    if code in _UNKNOWN:
        return _api_error(
            f"Route 53 does not know these credentials ({code}): renew or correct them.", error
        )
    if _status(error) == 403:
        return _api_error(
            f"Route 53 does not let these credentials do {operation} ({code or 'HTTP 403'}): allow"
            f" them route53:{operation} for this zone.",
            error,
        )
    return _api_error(
        f"Route 53 has not done {operation}: {_said(error)}. Correct what it names, or try again.",
        error,
    )


def _api_error(sentence: str, error: Exception) -> ApiError:
    return ApiError(sentence, status=_status(error), reason=_code(error))


def _status(error: Exception) -> int:
    """0 where there was no answer."""
    answer = getattr(error, "response", {})
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _code(error: Exception) -> str:
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def _said(error: Exception) -> str:
    said = getattr(error, "response", {}).get("Error", {}).get("Message") or str(error)
    return " ".join(str(said).split()).rstrip(".")
