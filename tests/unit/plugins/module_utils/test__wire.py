# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The binary encoding of the API server.

`fixtures/pod_list` is one list of pods in both encodings, as Kubernetes 1.35 answered it; from the
JSON some fields are left out that nobody reads.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _pod_schema
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._wire import Schema, decode_list

FIXTURES = Path(__file__).parent / "fixtures"
SAMPLE = Schema({1: ("name", str), 2: ("count", int), 3: ("ready", bool), 4: ("labels", dict)})


def both() -> tuple[dict[str, Any], dict[str, Any]]:
    """The list in JSON, and as it is read from the other encoding."""
    encoded = (FIXTURES / "pod_list.protobuf.base64").read_text(encoding="utf-8")
    text = (FIXTURES / "pod_list.json").read_text(encoding="utf-8")
    return json.loads(text), decode_list(base64.b64decode(encoded), _pod_schema.POD)


def field(number: int, content: bytes | int) -> bytes:
    """A field as it is encoded."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    encoded = b""
    while value > 0x7F:
        encoded, value = encoded + bytes([value & 0x7F | 0x80]), value >> 7
    return encoded + bytes([value])


def listed(*items: bytes) -> bytes:
    """The list of these items as the API server answers it."""
    content = field(1, field(2, b"7")) + b"".join(field(2, item) for item in items)
    return b"k8s\0" + field(1, b"what it is") + field(2, content) + field(4, b"")


def test_pods_are_the_same_in_both_encodings() -> None:
    in_json, decoded = both()
    expected = [Pod.from_object(item) for item in in_json["items"]]
    assert len(expected) == 11
    assert [Pod.from_object(item) for item in decoded["items"]] == expected


def test_the_fixture_has_what_pods_are_judged_by() -> None:
    pods = [Pod.from_object(item) for item in both()[1]["items"]]
    for name in ("owner", "revision", "version", "trouble", "template", "addresses", "node"):
        values = {getattr(pod, name) for pod in pods}
        assert len(values) > 1, name
    for name in ("ready", "ending", "injectable"):
        assert {getattr(pod, name) for pod in pods} == {True, False}, name
    assert {pod.phase for pod in pods} == {"Pending", "Running", "Succeeded"}


def test_only_what_the_schema_names_is_read() -> None:
    _in_json, decoded = both()
    assert {key for item in decoded["items"] for key in item} == {"metadata", "spec", "status"}
    assert all("managedFields" not in item["metadata"] for item in decoded["items"])


def test_the_list_tells_how_it_goes_on() -> None:
    in_json, decoded = both()
    assert decoded["metadata"] == {"resourceVersion": in_json["metadata"]["resourceVersion"]}


def test_every_form_is_read() -> None:
    labels = field(4, field(1, b"app") + field(2, b"web")) + field(4, field(1, b"empty"))
    item = field(1, "Straße".encode()) + field(2, 300) + field(3, 1) + labels
    assert decode_list(listed(item), SAMPLE)["items"] == [
        {"name": "Straße", "count": 300, "ready": True, "labels": {"app": "web", "empty": ""}}
    ]


def test_a_text_that_is_empty_is_left_out_as_in_json() -> None:
    item = field(1, b"") + field(2, 0) + field(3, 0)
    assert decode_list(listed(item), SAMPLE)["items"] == [{"count": 0, "ready": False}]


def test_fields_that_are_not_wanted_are_skipped_whatever_they_hold() -> None:
    fixed = varint(20 << 3 | 1) + b"12345678" + varint(21 << 3 | 5) + b"1234"
    item = field(300, b"x" * 200) + fixed + field(22, 1 << 40) + field(1, b"web")
    assert decode_list(listed(item), SAMPLE)["items"] == [{"name": "web"}]


def test_the_rest_is_left_when_nothing_more_can_come() -> None:
    schema = Schema({1: ("name", str), 2: ("count", int)})
    # What follows could not be read: a type that there is not.
    item = field(2, 7) + field(1, b"web") + varint(3 << 3 | 3)
    assert decode_list(listed(item), schema)["items"] == [{"name": "web", "count": 7}]


def test_what_is_repeated_is_read_to_the_end() -> None:
    schema = Schema({1: ("names", [Schema({1: ("name", str)})])})
    item = field(1, field(1, b"a")) + field(9, b"between") + field(1, field(1, b"b"))
    assert decode_list(listed(item), schema)["items"] == [{"names": [{"name": "a"}, {"name": "b"}]}]


def test_a_list_of_nothing_has_no_items() -> None:
    assert decode_list(listed(), SAMPLE) == {"metadata": {"resourceVersion": "7"}}


def test_json_is_read_as_it_is() -> None:
    body = b'{"metadata": {}, "items": [{"anything": 1}]}'
    assert decode_list(body, SAMPLE)["items"] == [{"anything": 1}]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(listed(field(1, b"web"))[:-5], "ends before", id="cut off"),
        pytest.param(b"k8s\0", "ends before", id="nothing in it"),
        pytest.param(listed(varint(1 << 3 | 3)), "unknown type 3", id="a type of long ago"),
        pytest.param(listed(varint(1 << 3 | 2) + b"\x7f"), "ends before", id="a size too large"),
    ],
)
def test_what_is_no_list_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        decode_list(body, SAMPLE)
