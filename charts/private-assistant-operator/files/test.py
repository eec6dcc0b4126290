"""What `helm test` runs: is a replica ready and active, and does the canary answer? Usage: test.py HOST:PORT [HOST:PORT]

The first is the operator's Service for metrics, behind which replicas that stand by are too: each try may meet another one.
"""

import http.client
import socket
import sys
import time
from functools import partial

SECONDS = 60.0
ACTIVE = "private_assistant_operator_leader 1.0"


def operates(address: str) -> bool:
    """Say whether an active replica was met, and one that is ready."""
    try:
        return get(address, "/readyz")[0] == 200 and ACTIVE in get(address, "/metrics")[1].splitlines()
    except (OSError, http.client.HTTPException):
        return False


def get(address: str, path: str) -> tuple[int, str]:
    """Return status and body of a GET; raises OSError and HTTPException."""
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def answers(address: str) -> bool:
    """Say whether a connection can be opened."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True


def main(addresses: list[str], seconds: float = SECONDS) -> int:
    """Try until all is seen or the time is over; return the exit status."""
    tries = {"an active operator that is ready": partial(operates, addresses[0])}
    if len(addresses) > 1:
        tries["the canary"] = partial(answers, addresses[1])
    end = time.monotonic() + seconds
    while tries := {name: seen for name, seen in tries.items() if not seen()}:
        if time.monotonic() > end:
            sys.stderr.write(f"not seen within {seconds:.0f} s: {', '.join(tries)}\n")
            return 1
        time.sleep(0.5)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
