#!/usr/bin/env python3
"""An adapter that keeps all values in one SQLite file: mount `exec:python3 sqlite_adapter.py values.db`.

TEXT for JSON, BLOB for bytes. A put is durable when it returns: synchronous=FULL.
"""

import sqlite3
import sys

from persist_adapter import Adapter, Unavailable, run


class SQLiteAdapter(Adapter):
    documents = "text"
    interleaves = True

    def __init__(self, path):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.execute("CREATE TABLE IF NOT EXISTS value(key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID")

    def get(self, key):
        row = self.execute("SELECT value FROM value WHERE key = ?", key).fetchone()
        return row[0] if row else None

    def put(self, key, value):
        self.execute("INSERT OR REPLACE INTO value VALUES(?, ?)", key, value)

    def delete(self, key):
        self.execute("DELETE FROM value WHERE key = ?", key)

    def list(self, prefix):
        # TEXT is compared byte by byte: that is the order that is asked for.
        for key, value in self.execute("SELECT key, value FROM value WHERE key >= ? ORDER BY key", prefix):
            if not key.startswith(prefix):
                break
            yield key, value

    def execute(self, statement, *values):
        try:
            return self.db.execute(statement, values)
        except sqlite3.OperationalError as error:
            raise Unavailable(str(error)) if "locked" in str(error) else error


if __name__ == "__main__":
    run(SQLiteAdapter(sys.argv[1]))
