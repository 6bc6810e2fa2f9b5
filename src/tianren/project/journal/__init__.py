"""The journal: what happened, append-only and hash-chained, in a file or on a server.

chain: a record as one line of text, each with the hash of the line before. database: SQLite or
PostgreSQL behind one code path. journal: writing and reading. check: what verify finds. exchange:
JSON Lines out and in. anchors: heads that others keep, signed where there is a key.
"""
