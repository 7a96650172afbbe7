#!/usr/bin/env python3
"""The smallest adapter: values in memory, gone when the mount ends. Mount `exec:python3 memory_adapter.py`."""

from persist_adapter import Adapter, run


class MemoryAdapter(Adapter):
    def __init__(self):
        self.values = {}

    def get(self, key):
        return self.values.get(key)

    def put(self, key, value):
        self.values[key] = value

    def delete(self, key):
        self.values.pop(key, None)

    def list(self, prefix):
        for key in sorted(self.values, key=str.encode):
            if key.startswith(prefix):
                yield key, self.values[key]


if __name__ == "__main__":
    run(MemoryAdapter())
