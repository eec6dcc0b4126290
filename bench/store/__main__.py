"""The store's figures, on a PostgreSQL of the bench's own, without a cluster: `python -m bench.store`.

One run measures, on the same server and machine: retrieval at several sizes, for a key that may read everything and for one that may
read a fifth, beside plain SQL; how much of the exact answer the index finds; ingestion beside the embedding model's own rate; expiry
and erasure; and the gateway's memory. Prints a table and, with --json, the raw numbers. Needs what `python -m tests.cluster build` builds.
"""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from bench.store import ingestion, retention, retrieval, rig
from bench.store.figures import Figures
from tests.support.postgres import Server, fresh_database

PARTS = ("retrieval", "ingestion", "retention")


async def run(server: Server, folder: Path, figures: Figures, chosen: argparse.Namespace) -> None:
    """Measure the chosen parts, each on a database of its own."""
    if "retrieval" in chosen.only:
        async with fresh_database(server, folder / "databases") as database:
            await retrieval.measure(database, folder / "retrieval", figures, chosen.sizes, chosen.questions)
    if {"ingestion", "retention"} & set(chosen.only):
        (folder / "ollama").mkdir()
        async with fresh_database(server, folder / "databases") as database:
            with rig.ollama(folder / "ollama") as ollama, rig.gateway(database, folder / "gateway", ollama) as gateway:
                if "ingestion" in chosen.only:
                    await ingestion.measure(gateway, ollama, figures, chosen.rounds)
                if "retention" in chosen.only:
                    await retention.measure(database, gateway, figures, chosen.items, chosen.erased, chosen.erasures)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.store", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--sizes", nargs="+", type=int, default=[1000, 10_000, 100_000], help="chunks, ascending")
    parser.add_argument("--questions", type=int, default=500, help="for each reader at each size")
    parser.add_argument("--rounds", type=int, default=5, help="of ingestion: the model alone and the gateway in turn")
    parser.add_argument("--items", type=int, default=100_000, help="that expire at once")
    parser.add_argument("--erased", type=int, default=10_000, help="items of the subject that is erased")
    parser.add_argument("--erasures", type=int, default=20)
    parser.add_argument("--json", type=Path, help="write the numbers there")
    chosen = parser.parse_args()
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder, rig.server(**rig.SETTINGS) as server:
        asyncio.run(run(server, Path(folder), figures, chosen))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures.numbers, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
