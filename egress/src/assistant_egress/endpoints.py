"""Sockets that are bound to every address of the pod, in both families."""

import errno
import socket
from typing import Final

_NO_IPV6: Final = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
BACKLOG: Final = 64


def bound(port: int, kind: socket.SocketKind) -> list[socket.socket]:
    """Return non-blocking sockets on `port`, IPv4's first; raises OSError. With port 0 both have the number that the kernel gave the first.

    Where the kernel or the pod has no IPv6 there is one.
    """
    sockets = [_bind(socket.AF_INET, port, kind)]
    try:
        sockets.append(_bind(socket.AF_INET6, port or sockets[0].getsockname()[1], kind))
    except OSError as error:
        if error.errno not in _NO_IPV6:
            sockets[0].close()
            raise
    return sockets


def _bind(family: socket.AddressFamily, port: int, kind: socket.SocketKind) -> socket.socket:
    opened = socket.socket(family, kind | socket.SOCK_NONBLOCK)
    try:
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(("", port))  # every address, in either family
        if kind == socket.SOCK_STREAM:
            opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened
