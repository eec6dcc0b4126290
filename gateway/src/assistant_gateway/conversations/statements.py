"""The SQL of conversations.

Every statement is bound to the owner and to the store's time: what is another's or expired is not there. $1 conversation, $2 owner, $3 the
ttl that the policy allows now. A read is one statement, so what it returns was sealed under the key that it returns: a purge may replace
both at any time. A write locks the conversation first, which is what guards its items and its key.
"""

# ruff: noqa: S608  the statements are put together from constants alone

from typing import Final

from assistant_gateway.retention.expiry import TIME, after, narrowing

PAGE_BYTES: Final = 8 * 1024 * 1024
"""Content of items that is taken into memory at once: each may be as large as a request, and there may be any number of them."""

CREATE: Final = f"""
    WITH key AS (INSERT INTO data_keys (record, kek, wrapped) VALUES ($1, $4, $5))
    INSERT INTO conversations (id, owner, ttl_seconds, created_at, expires_at, head)
    VALUES ($1, $2, $3, now(), {after("$3::bigint")}, $6) RETURNING created_at, expires_at, ttl_seconds
"""

OPEN: Final = f"""
    SELECT c.created_at, c.expires_at - {narrowing("c.ttl_seconds", "$3::bigint")} AS expires_at, least(c.ttl_seconds, $3) AS ttl_seconds,
        {narrowing("c.ttl_seconds", "$3::bigint")} AS narrowed, c.head, k.kek, k.wrapped
    FROM conversations c JOIN data_keys k ON k.record = c.id
    WHERE c.id = $1 AND c.owner = $2 AND c.expires_at - {narrowing("c.ttl_seconds", "$3::bigint")} > {TIME}
"""

LOCK: Final = OPEN + " FOR UPDATE OF c FOR KEY SHARE OF k"

UPDATE_HEAD: Final = "UPDATE conversations SET head = $2 WHERE id = $1"

# An item is kept for the ttl that is pinned, whatever the policy allows now: retention/narrowing.py shortens all of a conversation as one.
APPEND: Final = f"""
    WITH kept AS (
        UPDATE conversations SET next_seq = next_seq + cardinality($2::uuid[]), expires_at = {after("ttl_seconds")}
        WHERE id = $1 RETURNING next_seq - cardinality($2::uuid[]) AS first, expires_at)
    INSERT INTO items (conversation, seq, id, created_at, expires_at, sealed)
    SELECT $1, kept.first + new.number - 1, new.id, now(), kept.expires_at, new.sealed
    FROM kept, unnest($2::uuid[], $3::bytea[]) WITH ORDINALITY AS new (id, sealed, number)
"""

ITEM: Final = f"""
    WITH c AS ({OPEN})
    SELECT c.*, i.sealed FROM c JOIN items i ON i.conversation = $1 AND i.id = $4 AND i.expires_at - c.narrowed > {TIME}
"""


def within_bytes(columns: str, items: str, order: str = "ASC") -> str:
    """Return a statement of these items (seq and sealed are among their columns) without the content of those behind PAGE_BYTES of it.

    The first always has its content, so whoever asks again from where it ended gets on.
    """
    return f"""
        SELECT {columns}, CASE WHEN sum(octet_length(sealed)) OVER so_far - octet_length(sealed) < {PAGE_BYTES} THEN sealed END AS sealed
        FROM ({items}) AS page WINDOW so_far AS (ORDER BY seq {order}) ORDER BY seq {order}
    """


def listing(ascending: bool) -> str:
    """Return the statement of a page: $4 the id after which it begins, $5 how many."""
    comparison, order = (">", "ASC") if ascending else ("<", "DESC")
    items = f"""
        SELECT id, seq, sealed FROM items
        WHERE conversation = $1 AND expires_at - c.narrowed > {TIME}
            AND ($4::uuid IS NULL OR seq {comparison} (SELECT seq FROM items WHERE conversation = $1 AND id = $4::uuid))
        ORDER BY seq {order} LIMIT $5
    """
    return f"""
        WITH c AS ({OPEN})
        SELECT c.*, i.id, i.sealed, $4::uuid IS NULL OR EXISTS (SELECT FROM items WHERE conversation = $1 AND id = $4::uuid) AS found
        FROM c LEFT JOIN LATERAL ({within_bytes("id", items, order)}) i ON true
    """


LIST_ASCENDING: Final = listing(ascending=True)
LIST_DESCENDING: Final = listing(ascending=False)

# The whole conversation, or none of its items where they are larger than $4 bytes: then only the size comes.
HISTORY: Final = f"""
    WITH c AS ({OPEN}),
        size AS (SELECT coalesce(sum(octet_length(i.sealed)), 0) AS bytes FROM c, items i
            WHERE i.conversation = $1 AND i.expires_at - c.narrowed > {TIME})
    SELECT c.*, size.bytes, i.id, i.sealed FROM c CROSS JOIN size LEFT JOIN LATERAL (
        SELECT id, sealed, seq FROM items
        WHERE conversation = $1 AND expires_at - c.narrowed > {TIME} AND size.bytes <= $4) i ON true
    ORDER BY i.seq
"""
