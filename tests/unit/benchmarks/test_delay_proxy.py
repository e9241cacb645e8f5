# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The relay that is far away."""

from __future__ import annotations

import asyncio
import time

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


def test_an_answer_takes_a_round_trip_and_the_first_one_more() -> None:
    first, second = asyncio.run(_through_the_relay(b"one", b"two"))
    assert first >= 2 * _ROUND_TRIP
    assert second >= _ROUND_TRIP


def test_much_data_comes_back_whole() -> None:
    text = bytes(range(256)) * 4096
    assert asyncio.run(_through_the_relay(text))


def test_pieces_keep_their_order_and_do_not_wait_for_each_other() -> None:
    async def run() -> tuple[list[bytes], float]:
        loop, received = asyncio.get_running_loop(), []
        delay = Delay(loop, _ROUND_TRIP, loop.time(), received.append)
        started = loop.time()
        for number in range(50):
            delay.put(b"%d" % number)
        while len(received) < 50:
            await asyncio.sleep(0.001)
        return received, loop.time() - started

    received, seconds = asyncio.run(run())
    assert received == [b"%d" % number for number in range(50)]
    assert _ROUND_TRIP <= seconds < 50 * _ROUND_TRIP


def test_a_target_that_is_not_there_ends_the_connection() -> None:
    async def run() -> bytes:
        near, far = ports.free(2)
        async with await relay(near, far, _ROUND_TRIP):
            reader, writer = await asyncio.open_connection(ports.HOST, near)
            answer = await reader.read()
            writer.close()
            return answer

    assert asyncio.run(run()) == b""
