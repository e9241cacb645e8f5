# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Route 53 on loopback, by moto's server, with one zone and two weighted records."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from tests.integration.directors.dns_servers import free_port

ZONE = "moorings.example."
RECORD = f"www.{ZONE}"
ANYBODY = {"AWS_ACCESS_KEY_ID": "anybody", "AWS_SECRET_ACCESS_KEY": "anything"}
_ONLY_READS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["route53:List*"], "Resource": "*"}],
}
_START_SECONDS = 60
LONG_TTL = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws:
    """Where it listens, and the zone that it has."""

    url: str
    zone_id: str

    def client(self, service: str) -> Any:
        return _client(self.url, service)

    def records(self) -> dict[str, Mapping[str, Any]]:
        """The weighted records by their identifiers."""
        found = self.client("route53").list_resource_record_sets(HostedZoneId=self.zone_id)
        return {
            each["SetIdentifier"]: each
            for each in found["ResourceRecordSets"]
            if "SetIdentifier" in each
        }

    def weights(self) -> dict[str, int]:
        return {name: each["Weight"] for name, each in self.records().items()}

    def put(self, identifier: str, weight: int, **content: Any) -> None:
        """Make a record, or replace it."""
        record = {
            "Name": RECORD,
            "Type": "A",
            "SetIdentifier": identifier,
            "Weight": weight,
            "TTL": LONG_TTL,
            "ResourceRecords": [{"Value": "192.0.2.20"}],
            **content,
        }
        change = {"Action": "UPSERT", "ResourceRecordSet": record}
        self.client("route53").change_resource_record_sets(
            HostedZoneId=self.zone_id, ChangeBatch={"Changes": [change]}
        )

    def make_health_check(self) -> str:
        config = {"Type": "HTTP", "IPAddress": "192.0.2.20", "Port": 80}
        found = self.client("route53").create_health_check(
            CallerReference="one", HealthCheckConfig=config
        )
        return str(found["HealthCheck"]["Id"])

    def onlooker(self, *, free: int) -> dict[str, str]:
        """Credentials without the right to write; rights are looked at after so many requests.

        moto does not know the signature of a request with a query again, so that reading has to be
        free.
        """
        iam = self.client("iam")
        iam.create_user(UserName="onlooker")
        iam.put_user_policy(
            UserName="onlooker", PolicyName="reads", PolicyDocument=json.dumps(_ONLY_READS)
        )
        key = iam.create_access_key(UserName="onlooker")["AccessKey"]
        request = urllib.request.Request(  # noqa: S310 - on loopback
            f"{self.url}/moto-api/reset-auth",
            data=str(free).encode(),
            headers={"Content-Type": "text/plain"},
        )
        urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - on loopback
        return {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }


@contextmanager
def running(log: Path) -> Iterator[Aws]:
    """All requests go to the source."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        _wait(process, url, log)
        route53 = _client(url, "route53")
        zone = route53.create_hosted_zone(Name=ZONE, CallerReference="one")["HostedZone"]
        aws = Aws(url=url, zone_id=zone["Id"].rpartition("/")[2])
        aws.put("old", 100, ResourceRecords=[{"Value": "192.0.2.10"}])
        aws.put("new", 0)
        yield aws
    finally:
        process.terminate()
        process.wait(timeout=20)


def _client(url: str, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=ANYBODY["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ANYBODY["AWS_SECRET_ACCESS_KEY"],
    )


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"{url}/moto-api/", timeout=5).close()  # noqa: S310
        except OSError:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < end, log.read_text(encoding="utf-8")
            time.sleep(0.1)
        else:
            return
