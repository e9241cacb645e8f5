# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Route 53 in memory, as its client of boto3 is used, with the limits that AWS has."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

ZONE, ZONE_ID = "harbour.example.", "Z0HARBOUR"
RECORD = f"quay.{ZONE}"
Object = dict[str, Any]


def record(identifier: str, weight: int, **content: Any) -> Object:
    """A weighted record."""
    plain = {"TTL": 300, "ResourceRecords": [{"Value": "192.0.2.7"}]}
    return {
        "Name": RECORD,
        "Type": "A",
        "SetIdentifier": identifier,
        "Weight": weight,
        **(content if "AliasTarget" in content else {**plain, **content}),
    }


def error(code: str, message: str = "It says why.", status: int = 400) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "Operation")


@dataclass
class Route53:
    """One account; `errors` are what operations fail with, `pending` how often a change is."""

    records: list[Object] = field(
        default_factory=lambda: [record("east", 100), record("west", 0), record("spare", 0)]
    )
    zones: list[Object] = field(
        default_factory=lambda: [{"Id": f"/hostedzone/{ZONE_ID}", "Name": ZONE}]
    )
    errors: dict[str, Exception] = field(default_factory=dict)
    health: dict[str, Sequence[str]] = field(default_factory=dict)
    pending: int = 0
    batches: list[Sequence[Mapping[str, Any]]] = field(default_factory=list)
    asked_changes: list[str] = field(default_factory=list)

    def weights(self) -> dict[str, int]:
        return {each["SetIdentifier"]: each["Weight"] for each in self.records}

    def list_hosted_zones_by_name(self, **arguments: Any) -> Object:
        self._fail("ListHostedZonesByName")
        zones = [each for each in self.zones if each["Name"] >= arguments["DNSName"]]
        return {"HostedZones": zones, "IsTruncated": False}

    def list_resource_record_sets(self, **arguments: Any) -> Object:
        self._fail("ListResourceRecordSets", arguments)
        start = (arguments["StartRecordName"], arguments["StartRecordType"])
        found = [each for each in self.records if (each["Name"], each["Type"]) >= start]
        return {"ResourceRecordSets": copy.deepcopy(found), "IsTruncated": False}

    def change_resource_record_sets(self, **arguments: Any) -> Object:
        self._fail("ChangeResourceRecordSets", arguments)
        changes = arguments["ChangeBatch"]["Changes"]
        after = copy.deepcopy(self.records)
        for change in changes:
            self._apply(after, change["Action"], change["ResourceRecordSet"])
        if len({each.get("TTL") for each in after if "TTL" in each}) > 1:
            raise error("InvalidChangeBatch", "weighted sets must contain the same TTL")
        self.records = after
        self.batches.append(changes)
        return {"ChangeInfo": {"Id": "/change/C1", "Status": self._status()}}

    def get_change(self, **arguments: Any) -> Object:
        self._fail("GetChange")
        self.asked_changes.append(arguments["Id"])
        return {"ChangeInfo": {"Id": "/change/C1", "Status": self._status()}}

    def get_health_check_status(self, **arguments: Any) -> Object:
        self._fail("GetHealthCheckStatus")
        said = self.health[arguments["HealthCheckId"]]
        return {"HealthCheckObservations": [{"StatusReport": {"Status": each}} for each in said]}

    def _apply(self, records: list[Object], action: str, given: Mapping[str, Any]) -> None:
        same = [
            each
            for each in records
            if (each["Name"], each["Type"], each["SetIdentifier"])
            == (given["Name"], given["Type"], given["SetIdentifier"])
        ]
        if not 0 <= given["Weight"] <= 255:
            raise error("InvalidInput", "weight")
        if action == "DELETE":
            if given not in same:
                raise error("InvalidChangeBatch", "not found")
            records.remove(same[0])
            return
        assert action == "UPSERT"
        records[:] = [dict(given) if each in same else each for each in records]
        if not same:
            records.append(dict(given))

    def _status(self) -> str:
        self.pending -= 1
        return "INSYNC" if self.pending < 0 else "PENDING"

    def _fail(self, operation: str, arguments: Mapping[str, Any] | None = None) -> None:
        if operation in self.errors:
            raise self.errors[operation]
        if arguments and arguments["HostedZoneId"] != ZONE_ID:
            raise error("NoSuchHostedZone", f"No hosted zone found with ID: {arguments}", 404)
