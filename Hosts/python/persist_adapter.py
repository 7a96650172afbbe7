"""Adapters of persistfs in Python: four methods, and this file does the rest.

    from persist_adapter import Adapter, run

    class Memory(Adapter):
        def __init__(self): self.values = {}
        def get(self, key): return self.values.get(key)
        def put(self, key, value): self.values[key] = value
        def delete(self, key): self.values.pop(key, None)
        def list(self, prefix):
            for key in sorted(self.values, key=str.encode):
                if key.startswith(prefix): yield key, self.values[key]

    run(Memory())

and mount `exec:python3 memory.py`. Python 3.9 or later, nothing but its standard library.

Keys are strings: `records/users/alice`, `kv/theme`, `blobs/photos/cat.jpg`, `events/orders/…`, `.persist/…`. Keep any
of them, and take none apart.

Values are bytes, or JSON: dict, list, str, int, float, True, False. `get` returns None for what is not there.
Numbers keep their text: ints have any size, floats are `Float`, which remembers how it was written, and `dumps` of
this module writes that; json.dumps would round it. Of several equal keys in an object the last one stays. The
document `null` is refused, since None means that nothing is there. An adapter that stores text anyway is better off
with `documents = "text"`: then a str is the JSON text of a value, as it came, on the way in and out; nothing is
parsed or lost.

`put` must be durable when it returns, and replace a value as a whole. `list` gives (key, value) in the order of the
keys' UTF-8 bytes, as sorted(…, key=str.encode) and SQLite do; what is put or deleted while it runs may be in it or
not, everything else must be, once.

An entry of `list` that cannot be sent (a value that is no JSON, or larger than 64 MiB) is left out, and logged; None
means that there is nothing.

Errors: raise `Unavailable` for what may be well later (so do ConnectionError and TimeoutError): it is tried again.
Any other exception is final, its text is shown to the user. Tracebacks and whatever the program prints go to the
log of the mount.

Calls come one after another. While a `list` runs nothing else is answered: in a large store gets fail for want of
time meanwhile. With `interleaves = True` they are answered between two of its items, on the same thread: then `list`
must bear that values come and go while it runs (a loop over a dict does not, one over sorted() of it does). With
`concurrency = N` up to N calls run at once, each on a thread of its own.
"""

import base64
import json
import os
import re
import socket
import sys
import threading
import traceback
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

#: The largest value.
VALUE_BYTES_MAX = 64 << 20

__all__ = ["Adapter", "Float", "Unavailable", "dumps", "loads", "run"]


class Unavailable(Exception):
    """The far side cannot be reached now: the same call may succeed later."""


class Adapter:
    """What an adapter subclasses; see the module."""

    #: How many calls may run at once. 1: in order, all on one thread.
    concurrency = 1
    #: Other calls may come between two items of a list, on the same thread; for a concurrency of 1.
    interleaves = False
    #: "objects": JSON values are Python's. "text": they are JSON text, in str.
    documents = "objects"

    def get(self, key):
        raise NotImplementedError

    def put(self, key, value):
        raise NotImplementedError

    def delete(self, key):
        raise NotImplementedError

    def list(self, prefix):
        raise NotImplementedError


class Float(float):
    """A float that remembers how it was written."""

    def __new__(cls, text):
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __reduce__(self):
        return Float, (self.text,)


def _integer(text):
    return Float(text) if text == "-0" else int(text)


_decoder = json.JSONDecoder(parse_float=Float, parse_int=_integer)


def loads(text):
    """The value of a JSON text, with numbers that remember how they were written."""
    return _decoder.decode(text)


def dumps(value):
    """One line of JSON."""
    if value is None or isinstance(value, (str, bool)):
        return json.dumps(value)
    if isinstance(value, Float):
        return value.text
    if isinstance(value, (int, float)):
        return json.dumps(value, allow_nan=False)
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(str(key)) + ":" + dumps(value[key]) for key in value) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(dumps, value)) + "]"
    raise TypeError(f"{type(value).__name__} is no JSON")


def run(adapter):
    """Answers requests until standard input ends. The last thing that a program does."""
    _Host(adapter).run()


class _Host:
    def __init__(self, adapter):
        self.adapter = adapter
        self.is_text = adapter.documents == "text"
        self.lock = threading.Lock()
        self.interleaves = adapter.concurrency == 1 and adapter.interleaves
        self.is_listing = False
        self.queue = SimpleQueue()
        self.later = deque()
        # Whatever else the program prints must not get between the answers.
        sys.stdout.flush()
        self.output = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)
        # A document may nest 512 deep.
        sys.setrecursionlimit(max(sys.getrecursionlimit(), 10_000))
        if hasattr(sys, "set_int_max_str_digits"):
            sys.set_int_max_str_digits(0)

    def run(self):
        if self.adapter.concurrency > 1:
            with ThreadPoolExecutor(self.adapter.concurrency) as pool:
                for line in self.lines():
                    pool.submit(self.answer, line)
        elif self.interleaves:
            threading.Thread(target=self.read, daemon=True).start()
            while True:
                line = self.later.popleft() if self.later else self.queue.get()
                if line is None:
                    break
                self.answer(line)
        else:
            for line in self.lines():
                self.answer(line)

    @staticmethod
    def lines():
        # One without its newline was cut off: nobody waits for its answer.
        return (line for line in sys.stdin.buffer if line.endswith(b"\n"))

    def read(self):
        for line in self.lines():
            self.queue.put(line)
        self.queue.put(None)

    def between(self):
        """Answers what has come while a list runs; other lists wait until it is through."""
        while not self.queue.empty():
            line = self.queue.get()
            if line is None:
                self.queue.put(None)
                break
            self.answer(line)

    def answer(self, line):
        number = None
        try:
            text = line.decode()
            request = loads(text)
            number = request["id"]
            if self.is_listing and request["method"] == "list":
                self.later.append(line)
                return
            result = self.call(request["method"], request["params"], number, text)
            self.write('{"jsonrpc":"2.0","id":%s,"result":%s}\n' % (json.dumps(number), result))
        except BrokenPipeError:
            os._exit(0)
        except Exception as error:
            is_unavailable = isinstance(error, (Unavailable, ConnectionError, TimeoutError, socket.timeout))
            if not is_unavailable:
                traceback.print_exc()
            message = str(error) or type(error).__name__
            code = -32001 if is_unavailable else -32000
            self.write(
                '{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%s}}\n'
                % (json.dumps(number), code, json.dumps(message))
            )

    def call(self, method, params, number, line):
        if method == "get":
            value = self.adapter.get(params["key"])
            return "null" if value is None else "{" + self.member(value) + "}"
        if method == "put":
            self.adapter.put(params["key"], self.value(params, line))
        elif method == "delete":
            self.adapter.delete(params["key"])
        elif method == "list":
            self.is_listing = self.interleaves
            try:
                for entry in self.adapter.list(params["prefix"]):
                    item = self.item(entry)
                    if item is not None:
                        self.write(
                            '{"jsonrpc":"2.0","method":"item","params":{"id":%s,%s}}\n' % (json.dumps(number), item)
                        )
                    if self.interleaves:
                        self.between()
            finally:
                self.is_listing = False
        else:
            raise ValueError(f"no such method: {method}")
        return "true"

    def item(self, entry):
        """The key and value of a list's entry; None where there is nothing to show."""
        try:
            key, value = entry
            if not isinstance(key, str):
                raise TypeError("a key is no str")
            if value is None:
                return None
            item = '"key":%s,%s' % (json.dumps(key), self.member(value))
            item.encode()
            return item
        except Exception as error:
            # One that cannot be sent must not keep all others from being seen.
            name = entry[0] if isinstance(entry, tuple) and entry else entry
            print("left out of the list: %.200s: %s" % (name, error), file=sys.stderr, flush=True)
            return None

    def value(self, params, line):
        if "bytes" in params:
            return base64.b64decode(params["bytes"])
        if self.is_text:
            return _cut(line, _cut(line, (0, len(line)), "params"), "value", as_text=True)
        if params["value"] is None:
            raise ValueError("this adapter cannot keep the document null: to it None is no value at all")
        return params["value"]

    def member(self, value):
        if isinstance(value, (bytes, bytearray, memoryview)):
            if len(value) > VALUE_BYTES_MAX:
                raise ValueError(f"a value of {len(value)} bytes: the most are {VALUE_BYTES_MAX}")
            return '"bytes":"%s"' % base64.b64encode(value).decode()
        if self.is_text:
            if not isinstance(value, str):
                raise TypeError(f"{type(value).__name__} is no text of JSON, nor bytes")
            # What somebody has put there that is no JSON must spoil no line: as bytes it is refused by itself.
            if not _is_json(value):
                return self.member(value.encode())
            # A line of its own is all that JSON needs to be one here.
            return '"value":' + _bounded(value).replace("\n", " ").replace("\r", " ")
        text = dumps(value)
        if _is_deep(text):
            raise ValueError("it is nested more than 512 deep")
        return '"value":' + _bounded(text)

    def write(self, text):
        rest = memoryview(text.encode())
        with self.lock:
            while rest:
                rest = rest[self.output.write(rest) :]


def _no_constant(name):
    raise ValueError(f"{name} is no JSON")


_checker = json.JSONDecoder(parse_constant=_no_constant)


def _is_json(text):
    try:
        _checker.decode(text)
        return not _is_deep(text)
    except (ValueError, RecursionError):
        return False


def _is_deep(text):
    """Whether valid JSON nests deeper than any document may."""
    if text.count("[") + text.count("{") <= 512:
        return False
    depth = 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text):
        if token[0] in "[{":
            depth += 1
            if depth > 512:
                return True
        elif token[0] in "]}":
            depth -= 1
    return False


def _bounded(text):
    if len(text) > VALUE_BYTES_MAX:
        raise ValueError(f"a value of {len(text)} bytes: the most are {VALUE_BYTES_MAX}")
    return text


def _cut(text, where, name, as_text=False):
    """Where in `text` the value of a member of the object at `where` lies, or its text: valid JSON."""
    at = text.index("{", where[0]) + 1
    while True:
        key, at = _decoder.raw_decode(text, text.index('"', at))
        start = text.index(":", at) + 1
        while text[start] in " \t\r\n":
            start += 1
        _, at = _decoder.raw_decode(text, start)
        if key == name:
            return text[start:at] if as_text else (start, at)
