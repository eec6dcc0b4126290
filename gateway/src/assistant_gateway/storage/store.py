"""The store of one assistant: a pool of verified connections, the schema, the index key, and whether all of that is usable.

Level-triggered like readiness.py: `watch` looks again and again, and each look does whatever is missing. Requests never wait for it:
while there is a fault they are refused at once.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

from assistant_gateway.faults import FatalError, Reason
from assistant_gateway.policy import StorePolicy
from assistant_gateway.sealing.errors import KeyMissingError, SealBrokenError
from assistant_gateway.sealing.keys import DataKey, IndexKey
from assistant_gateway.sealing.ring import KeyRing
from assistant_gateway.storage import vectors
from assistant_gateway.storage.credentials import CONNECT_SECONDS, connect
from assistant_gateway.storage.errors import StoreError
from assistant_gateway.storage.migrate import ExtensionMissingError, MigrationError, SchemaTooNewError, migrate, migrations, version
from assistant_gateway.storage.reasons import ERRORS, FULL, KEY_MISSING, KEY_WRONG, MIGRATION, NO_EXTENSION, TOO_NEW, reason_of

__all__ = ["Store", "StoreError"]

CONNECTIONS: Final = 16
IDLE_SECONDS: Final = 300.0
LOOK_SECONDS: Final = 5.0
"""For each statement of a look: they are small, so that a store that went without a word is found out soon."""
INDEX_RECORD: Final = UUID(int=0)
STARTING: Final = Reason("StoreUnreachable", "The store has not answered yet since the gateway started.")
FAULTS: Final[dict[type[Exception], Reason]] = {
    ExtensionMissingError: NO_EXTENSION,
    MigrationError: MIGRATION,
    SchemaTooNewError: TOO_NEW,
    KeyMissingError: KEY_MISSING,
    SealBrokenError: KEY_WRONG,
}
OURS: Final = (asyncpg.SyntaxOrAccessError, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""A statement that should not have been sent."""

logger = logging.getLogger(__name__)


class Store:
    """Connections for whoever keeps or finds something; `watch` has to run for there to be any."""

    def __init__(self, policy: StorePolicy, folder: Path, ring: KeyRing) -> None:
        self.fault: Reason | None = STARTING
        self.server: str | None = None
        """PostgreSQL's version, of the server that answered last: the operator looks it up among the known vulnerabilities."""
        self.ring = ring
        self._policy = policy
        self._folder = folder
        self._index: IndexKey | None = None
        self._pool: asyncpg.Pool | None = None
        self._known = migrations()
        self._wake = asyncio.Event()
        self._own: asyncpg.Connection | None = None
        self._opened: list[str] | None = None
        self._is_full = False
        self._reconnect = False

    @property
    def index(self) -> IndexKey:
        """The key of tokens and lexemes; raises StoreError until the store was usable once."""
        if self._index is None:
            raise StoreError
        return self._index

    @property
    def is_usable(self) -> bool:
        """Whether requests may be served. A full store still reads, and deletes: what expires must go all the same."""
        return self._pool is not None and self._index is not None and (self.fault is None or self.fault is FULL)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """Lend a connection, each statement its own transaction; raises StoreError, also for what the body meets in the store."""
        if not self.is_usable or self._pool is None:
            raise StoreError
        try:
            async with self._pool.acquire(timeout=CONNECT_SECONDS) as connection:
                yield connection
        except ERRORS as error:
            self._noticed(error)
            raise StoreError from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[asyncpg.Connection]:
        """Lend a connection in a transaction that is committed when the body ends; after StoreError nothing of it may be taken as done."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def watch(self, seconds: float) -> None:
        """Look for as long as the process lives; outages are `fault`, never an exception. Raises FatalError."""
        while True:
            self._wake.clear()
            await self.look()
            try:
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
            except TimeoutError:
                pass
            else:
                await asyncio.sleep(min(seconds, 0.1))  # many requests notice the same outage

    async def look(self) -> None:
        """Find out whether the store is usable, and make it so where that is in our hands."""
        try:
            fault = await self._ensure()
        except FatalError:
            raise
        except Exception as error:  # whatever it is, the store is not usable, and the next look may find otherwise
            fault = FAULTS.get(type(error)) or reason_of(error)
            self._reconnect = type(error) not in FAULTS  # the connection may be one that will never answer again
            if not isinstance(error, (*FAULTS, *ERRORS)):
                logger.exception("The store's watch failed.")
        if fault is None and self.fault is not None and self._pool is not None:
            await self._pool.expire_connections()  # the way may have been cut without a word to either end
        self._show(fault)

    def _show(self, fault: Reason | None) -> None:
        if fault != self.fault:
            logger.info("The store changed.", extra={"fields": {"usable": fault is None, "reason": fault.reason if fault else None}})
        self.fault = fault

    async def close(self) -> None:
        """Let go of all connections, those that are lent too."""
        if self._pool is not None:
            self._pool.terminate()
        if self._own is not None:
            self._own.terminate()
        self._pool = self._own = None

    async def _ensure(self) -> Reason | None:
        """Return what is wrong with the store although it answers, or raise why it does not."""
        connection = await self._connected()
        if await version(connection) != self._known[-1].version:  # new, older, or restored from a backup
            await migrate(connection, self._known)
        await self._load_index(connection)
        await self._check_keys(connection)
        if self._pool is None:
            self._pool = await self._make_pool()
        return await self._room(connection) if self._is_full else None

    async def _connected(self) -> asyncpg.Connection:
        """Return the watch's own connection: it must not have to wait for one that requests have borrowed."""
        if self._own is not None and (self._own.is_closed() or self._reconnect):
            self._own.terminate()
            self._own = None
        if self._own is None:
            self._own = await connect(self._policy, self._folder, command_timeout=LOOK_SECONDS)
            told = self._own.get_server_version()
            self.server = f"{told.major}.{told.micro}"  # asyncpg has 18.4 as 18, 0, 4
            self._reconnect = False
            self._opened = None
        return self._own

    async def _make_pool(self) -> asyncpg.Pool:
        return await asyncpg.create_pool(
            connect=self._connect,
            init=vectors.register,
            reset=_keep,
            min_size=0,
            max_size=CONNECTIONS,
            max_inactive_connection_lifetime=IDLE_SECONDS,
        )

    async def _connect(self, _dsn: None = None, **options: Any) -> asyncpg.Connection:
        return await connect(self._policy, self._folder, **options)

    async def _load_index(self, connection: asyncpg.Connection) -> None:
        """Take the index key out of the store, putting a new one there if there is none; it is sealed like every record's key."""
        select = "SELECT kek, wrapped FROM data_keys WHERE record = $1"
        row = await connection.fetchrow(select, INDEX_RECORD)
        if row is None:
            kek, wrapped = self.ring.wrap(INDEX_RECORD, DataKey.new().raw)
            await connection.execute("INSERT INTO data_keys VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", INDEX_RECORD, kek, wrapped)
            row = await connection.fetchrow(select, INDEX_RECORD)
        raw = self.ring.unwrap(INDEX_RECORD, row["kek"], row["wrapped"])
        if self._index is None:
            self._index = IndexKey(raw)
        elif self._index.raw != raw:  # what this process remembers of the other one would be wrong here
            raise FatalError("StoreUnreachable", "Another database answers in the store's place; the gateway starts anew with it.")

    async def _check_keys(self, connection: asyncpg.Connection) -> None:
        """See to it that every key in the store can be opened; asked again for other encryption keys, and for another server."""
        if self._opened == (ids := self.ring.ids):
            return
        if await connection.fetchval("SELECT EXISTS (SELECT FROM data_keys WHERE kek <> ALL($1))", ids):
            self.ring.refresh()
            raise KeyMissingError
        self._opened = ids

    async def _room(self, connection: asyncpg.Connection) -> Reason | None:
        """Say whether there is room again, by taking some: a temporary table goes with its transaction."""
        try:
            async with connection.transaction():
                await connection.execute("CREATE TEMPORARY TABLE room ON COMMIT DROP AS SELECT generate_series(1, 60000)")  # 2 MB
        except asyncpg.DiskFullError:
            return FULL
        self._is_full = False
        return None

    def _noticed(self, error: Exception) -> None:
        """Draw the conclusions of a request's error: some say something about the store as a whole, and some about us."""
        if isinstance(error, asyncpg.DiskFullError):
            self._is_full = True
            self._show(FULL)
        elif isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
            self._reconnect = True  # the watch's session is older than what was refused
        elif isinstance(error, OURS):
            logger.error("The store refused a statement.", exc_info=error)
            return
        self._wake.set()


async def _keep(_: asyncpg.Connection) -> None:
    """Give a connection back as it is: nobody sets anything for longer than a transaction, so a round trip to reset it is lost time."""
