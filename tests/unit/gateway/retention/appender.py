"""A gateway's memory to be killed: adds items and purges as fast as it can, and says which items were acknowledged.

Run as a program. For each line on its input it forks a child, which does the work and is killed from outside; starting Python a hundred
times would take longer than all the rest. Output: `pid N`, one acknowledged text per line, `gone`.
"""

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

from assistant_gateway.conversations.conversations import Conversations
from assistant_gateway.policy import StorePolicy
from assistant_gateway.retention.purger import Purger
from assistant_gateway.retention.sweep import Sweeper
from assistant_gateway.sealing.ring import KeyRing
from assistant_gateway.snapshot import Current
from assistant_gateway.storage.store import Store
from tests.unit.gateway.retention.kept import ALICE, TTL, said, snapshot, with_store

WRITERS = 4


async def work(policy: StorePolicy, folder: Path, keys: Path, conversation: UUID, prefix: str) -> None:
    """Write and purge until killed."""
    store = Store(policy, folder, KeyRing.load(keys))
    await store.look()
    current = Current(snapshot(with_store(policy, TTL)), ready=True)
    conversations = Conversations(store, current)
    purger = Purger(store, current, Sweeper(store))

    async def write(writer: int) -> None:
        for number in range(1_000_000):
            text = f"{prefix}-{writer}-{number}"
            await conversations.add(ALICE, conversation, [said(text), said(f"{text}-answer", "assistant")])
            os.write(1, f"{text}\n".encode())

    async def purge() -> None:
        while True:
            await purger.once()

    await asyncio.gather(purge(), *(write(writer) for writer in range(WRITERS)))


def main() -> None:
    host, port, database, folder, keys = sys.argv[1:]
    policy = StorePolicy(host=host, port=int(port), database=database)
    for line in sys.stdin:
        conversation, prefix = line.split()
        child = os.fork()
        if child == 0:
            os.write(1, f"pid {os.getpid()}\n".encode())
            try:
                asyncio.run(work(policy, Path(folder), Path(keys), UUID(conversation), prefix))
            finally:
                os._exit(1)
        os.waitpid(child, 0)
        os.write(1, b"gone\n")


if __name__ == "__main__":
    main()
