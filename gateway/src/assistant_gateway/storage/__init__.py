"""What is kept lies in PostgreSQL: connections, schema, and the state in which the store is. What is in the rows is other rooms' business.

Import the modules themselves: errors.py needs nothing, store.py loads asyncpg, which an assistant that keeps nothing does not pay for.
"""
