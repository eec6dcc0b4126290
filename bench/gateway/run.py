"""The gateway against calling the model server directly, a bare pass-through, and a Go proxy that does the same work for each request.

    python -m bench.gateway.run [--rounds 5] [--seconds 1] [--realtime]

Proxies are pinned to one core, load generator and model server to another; rounds are interleaved, and medians with their spread are
shown. Where others use the machine too, --realtime (as root) puts the bench before them, and pauses after each figure to let them on.
Needs Go, openssl, taskset and chrt.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.gateway import rig
from bench.gateway.rig import KEY, LOAD_CORE, PROXY_CORE, Peer, load


@contextmanager
def go_proxy(folder: Path, upstream: str) -> Iterator[Peer]:
    """Run what one would write in Go."""
    port = rig.free_port()
    flags = [f"-listen=127.0.0.1:{port}", f"-upstream={upstream}", f"-tls={folder / 'tls'}", f"-key={KEY}"]
    with rig.running(PROXY_CORE, [str(folder / "bin" / "proxy"), *flags]) as process:
        rig.wait_for(port)
        yield Peer("Go ReverseProxy", f"https://127.0.0.1:{port}", process)


def start(folder: Path, stack: ExitStack) -> list[Peer]:
    """Start the model server and everything in front of it."""
    rig.write_files(folder)
    rig.build(folder)
    direct = stack.enter_context(rig.model_server(folder))
    return [direct, *(stack.enter_context(make(folder, direct.url)) for make in (rig.gateway, rig.pass_through, go_proxy))]


def stalled(folder: Path, peer: Peer, seconds: float) -> dict[str, float]:
    """Return the memory before and while a client asks for a million tokens and reads none."""
    command = [str(folder / "bin" / "load"), f"-url={peer.url}", f"-key={KEY}", "-mode=stall", "-tokens=1000000", f"-seconds={seconds}"]
    before = peer.rss_mb()
    process = subprocess.Popen(["taskset", "-c", LOAD_CORE, *command], stdout=subprocess.DEVNULL)
    highest = before
    while process.poll() is None:
        highest = max(highest, peer.rss_mb())
        time.sleep(0.05)
    return {"rss_before_mb": before, "rss_highest_mb": highest}


def measure(folder: Path, peers: list[Peer], rounds: int, seconds: float) -> dict[tuple[str, str], list[dict[str, float]]]:
    cases: dict[str, dict[str, Any]] = {
        "1 client": {"clients": 1, "seconds": seconds},
        "10 clients": {"clients": 10, "seconds": seconds},
        "64 clients": {"clients": 64, "seconds": seconds},
        "streams, 2 ms a token": {"mode": "stream", "tokens": 100, "pause": 2000, "seconds": seconds},
        "a stream of 100,000 tokens flat out": {"mode": "stream", "tokens": 100_000, "seconds": 0.01},
    }
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for number in range(rounds):
        for case, flags in cases.items():
            for peer in peers:
                found.setdefault((case, peer.name), []).append(load(folder, peer, **flags))
                print(f"round {number + 1}: {case}: {peer.name}", file=sys.stderr)
    for peer in peers[1:]:
        found["a client that does not read", peer.name] = [stalled(folder, peer, seconds * 2)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--realtime", action="store_true")
    settings = parser.parse_args()
    if settings.realtime:
        rig.be_first()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        peers = start(Path(folder), stack)
        print(f"load of the machine at the start: {os.getloadavg()[0]:.1f}")
        print(rig.table(measure(Path(folder), peers, settings.rounds, settings.seconds)))
        print(f"\nload of the machine at the end, the bench with it: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
