"""One socket of the proxy: how much of the kernel's memory it may have, what it is watched for, and who is called."""

import selectors
import socket
from collections.abc import Callable
from typing import Final

READ: Final = selectors.EVENT_READ
WRITE: Final = selectors.EVENT_WRITE
WINDOW: Final = 1 << 18
"""Bytes that a peer may send before they are read. Linux would let it grow to several megabytes, which a pod's memory limit counts."""
UNSENT: Final = 1 << 16
"""Bytes that may wait for a peer to make room for them."""
Ready = Callable[[int], None]
"""Called with what a socket is ready for, of `READ` and `WRITE`."""


class Watched:
    """A socket that never blocks, and its place in the selector."""

    def __init__(self, opened: socket.socket, selector: selectors.BaseSelector) -> None:
        opened.setblocking(False)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
        self.socket = opened
        self._selector = selector
        self._now: tuple[int, Ready] | None = None

    def watch(self, events: int, ready: Ready) -> None:
        """Call `ready` for these events from now on; for none, nothing."""
        wanted = (events, ready) if events else None
        if wanted == self._now:
            return
        if wanted is None:
            self._selector.unregister(self.socket)
        elif self._now is None:
            self._selector.register(self.socket, events, ready)
        else:
            self._selector.modify(self.socket, events, ready)
        self._now = wanted

    def close(self) -> None:
        """Close; a second time changes nothing."""
        if self._now:
            self._selector.unregister(self.socket)
            self._now = None
        self.socket.close()
