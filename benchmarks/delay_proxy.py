# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TCP relay on loopback that holds every piece for half of a round trip, each way.

`python -m benchmarks.delay_proxy LISTEN TARGET SECONDS` relays port LISTEN to port TARGET. It is no
network: it has no losses and no window. A connection takes one round trip to open, as TCP's does.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Callable

_HOST = "127.0.0.1"


class Delay:
    """Hands over what it is given, in its order, `seconds` later; nothing before `opens`."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, seconds: float, opens: float, hand_over: Handler
    ) -> None:
        self._loop = loop
        self._seconds = seconds
        self._opens = opens
        self._hand_over = hand_over
        self._waiting: deque[tuple[float, bytes]] = deque()

    def put(self, data: bytes) -> None:
        """Take a piece; an empty one is the end."""
        due = max(self._loop.time(), self._opens) + self._seconds
        self._waiting.append((due, data))
        if len(self._waiting) == 1:
            self._loop.call_at(due, self._flush)

    def _flush(self) -> None:
        now = self._loop.time()
        while self._waiting and self._waiting[0][0] <= now:
            self._hand_over(self._waiting.popleft()[1])
        if self._waiting:
            self._loop.call_at(self._waiting[0][0], self._flush)


Handler = Callable[[bytes], None]


async def relay(listen: int, target: int, round_trip: float) -> asyncio.Server:
    """Begin to relay; the server that is given back does so until it is closed."""
    loop = asyncio.get_running_loop()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opens = loop.time() + round_trip
        try:
            far_reader, far_writer = await asyncio.open_connection(_HOST, target)
        except OSError:
            writer.close()
            return
        there = Delay(loop, round_trip / 2, opens, _hand_over(far_writer))
        back = Delay(loop, round_trip / 2, opens, _hand_over(writer))
        await asyncio.gather(_pump(reader, there), _pump(far_reader, back))

    return await asyncio.start_server(connected, _HOST, listen)


async def _pump(reader: asyncio.StreamReader, delay: Delay) -> None:
    try:
        while data := await reader.read(1 << 16):
            delay.put(data)
    except OSError:
        pass
    delay.put(b"")


def _hand_over(writer: asyncio.StreamWriter) -> Handler:
    def send(data: bytes) -> None:
        if data:
            writer.write(data)
        else:
            writer.close()

    return send


async def _serve(listen: int, target: int, round_trip: float) -> None:
    async with await relay(listen, target, round_trip) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
