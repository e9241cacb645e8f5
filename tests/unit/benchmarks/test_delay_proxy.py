# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The relay that is far away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import cast

from benchmarks import ports
from benchmarks.delay_proxy import Delay, relay

_ROUND_TRIP = 0.04


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
    writer.close()


async def _ask(port: int, *texts: bytes) -> list[float]:
    """How long each text takes to come back, the first of them with the opening."""
    took, started = [], time.monotonic()
    reader, writer = await asyncio.open_connection(ports.HOST, port)
    for text in texts:
        writer.write(text)
        assert await reader.readexactly(len(text)) == text
        took.append(time.monotonic() - started)
        started = time.monotonic()
    writer.close()
    return took


async def _through_the_relay(*texts: bytes) -> list[float]:
    near, far = ports.free(2)
    async with (
        await asyncio.start_server(_echo, ports.HOST, far),
        await relay(near, far, _ROUND_TRIP),
    ):
        return await _ask(near, *texts)


class _Loop:
    """What a delay asks of the event loop; time passes only from one call to the next."""

    def __init__(self) -> None:
        self.now = 0.0
        self._calls: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, call: Callable[[], None]) -> None:
        self._calls.append((when, call))

    def run(self) -> None:
        while self._calls:
            self.now, call = self._calls.pop(0)
            call()


def test_an_answer_takes_a_round_trip_and_the_first_one_more() -> None:
    first, second = asyncio.run(_through_the_relay(b"one", b"two"))
    assert first >= 2 * _ROUND_TRIP
    assert second >= _ROUND_TRIP


def test_much_data_comes_back_whole() -> None:
    text = bytes(range(256)) * 4096
    assert asyncio.run(_through_the_relay(text))


def test_pieces_keep_their_order_and_do_not_wait_for_each_other() -> None:
    """On a clock of its own: each piece is due a round trip after it came, and not later."""
    loop = _Loop()
    received: list[tuple[bytes, float]] = []
    delay = Delay(
        cast(asyncio.AbstractEventLoop, loop),
        _ROUND_TRIP,
        0.0,
        lambda data: received.append((data, loop.now)),
    )
    for number in range(50):
        loop.now = number / 1000
        delay.put(b"%d" % number)
    loop.run()
    assert [data for data, _when in received] == [b"%d" % number for number in range(50)]
    assert [when for _data, when in received] == [
        number / 1000 + _ROUND_TRIP for number in range(50)
    ]


def test_a_target_that_is_not_there_ends_the_connection() -> None:
    async def run() -> bytes:
        near, far = ports.free(2)
        async with await relay(near, far, _ROUND_TRIP):
            reader, writer = await asyncio.open_connection(ports.HOST, near)
            answer = await reader.read()
            writer.close()
            return answer

    assert asyncio.run(run()) == b""
