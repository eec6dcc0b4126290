"""Run inside a pod: try paths and print {name: "open" | "refused" | "blocked"} as JSON.

usage: python3 - NAME=tcp:HOST:PORT NAME=udp:HOST:PORT ... < probe.py
"refused" means that the target was reached and nothing listened. A UDP path is open where an answer comes: a datagram is sent again every
second, as TCP does by itself, since one that was lost on its way would pass for one that was stopped.
"""

import concurrent.futures
import json
import socket
import sys

SECONDS = 4.0  # a busy machine may take two to let a packet through its enforcer
QUERY = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x0akubernetes\x07default\x03svc\x07cluster\x05local\x00\x00\x01\x00\x01"


def ask(udp: socket.socket, datagram: bytes, target: tuple[str, int]) -> None:
    """Send until an answer comes; raises TimeoutError where none does."""
    udp.settimeout(1.0)
    for _ in range(int(SECONDS)):
        udp.sendto(datagram, target)
        try:
            udp.recv(512)
        except TimeoutError:
            continue
        return
    raise TimeoutError


def probe(path: str) -> tuple[str, str]:
    name, target = path.split("=", 1)
    protocol, address = target.split(":", 1)
    host, port = address.rsplit(":", 1)
    try:
        if protocol == "tcp":
            socket.create_connection((host, int(port)), SECONDS).close()
        else:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                ask(udp, QUERY if port == "53" else b"probe", (host, int(port)))
    except ConnectionRefusedError:
        return name, "refused"
    except OSError:  # TimeoutError, no route, permission
        return name, "blocked"
    return name, "open"


with concurrent.futures.ThreadPoolExecutor(32) as executor:
    print(json.dumps(dict(executor.map(probe, sys.argv[1:]))))
