# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A port inside a pod of the fake API server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO


class FakePort:
    """What `_api.PodPort` is; `get` gives the body of what is asked there."""

    def __init__(self, get: Callable[..., bytes]) -> None:
        self._get = get

    @contextmanager
    def open(self, path: str, method: str = "GET") -> Iterator[BytesIO]:
        more = {} if method == "GET" else {"method": method}
        yield BytesIO(self._get(path=path, **more))
