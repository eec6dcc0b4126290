"""What an assistant must not reach: a port that answers everybody, over TCP and UDP, in both families.

It runs in the operator's namespace. The operator, which nothing confines, reaches it and so shows that it is alive; an assistant's pod that
reaches it is not confined. It keeps nothing of what it is sent.
"""

import selectors
import socket
from typing import Final, Self

from assistant_egress.endpoints import bound

LINE: Final = b"private-assistant canary\n"
_LONGEST: Final = 2048


class Canary:
    """Listens from the moment that it is made."""

    def __init__(self, port: int) -> None:
        """Bind TCP and UDP; raises OSError. With port 0 the kernel chooses one."""
        self._selector = selectors.DefaultSelector()
        self._sockets = bound(port, socket.SOCK_STREAM)
        self.port: int = self._sockets[0].getsockname()[1]
        for listener in self._sockets:
            self._selector.register(listener, selectors.EVENT_READ, _greet)
        for receiver in bound(self.port, socket.SOCK_DGRAM):
            self._sockets.append(receiver)
            self._selector.register(receiver, selectors.EVENT_READ, _answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        for each in self._sockets:
            each.close()

    def turn(self, at_most: float | None = None) -> None:
        """Answer who comes next, or give up after `at_most` seconds."""
        for key, _ in self._selector.select(at_most):
            try:
                key.data(key.fileobj)
            except OSError:  # whoever it was is gone, or may not be answered
                continue


def _greet(listener: socket.socket) -> None:
    accepted, _ = listener.accept()
    with accepted:
        accepted.setblocking(False)
        accepted.send(LINE)


def _answer(receiver: socket.socket) -> None:
    data, sender = receiver.recvfrom(_LONGEST)
    # Never longer than what came, so that a forged sender gains nothing; and no answer to an answer, or two canaries would talk for ever.
    if data and not LINE.startswith(data):
        receiver.sendto(LINE[: len(data)], sender)
