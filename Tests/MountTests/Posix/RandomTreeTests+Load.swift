extension RandomTreeTests {
    /// A program that writes keys of its own until it is told to stop, and tells what is there then.
    ///
    /// Arguments: the store, a seed. The checkpoints of SQLite before 3.51.3 can lose pages of others: its are off.
    static let load = """
        import json, random, sqlite3, sys, threading
        stop = threading.Event()
        threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
        sql = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
        sql.execute('PRAGMA wal_autocheckpoint = 0')
        rng, there = random.Random(int(sys.argv[2])), {}
        while True:
            table, key = rng.choice(('kv', 'records')), 'other/k%d' % rng.randrange(12)
            path, value = table + '/' + key + ('' if table == 'kv' else '.json'), json.dumps(['x' * rng.randrange(3000)])
            there[path] = None if rng.random() < 0.2 else value
            if there[path] is None: sql.execute('DELETE FROM %s WHERE key = ?' % table, (key,))
            else: sql.execute('REPLACE INTO %s(key, value) VALUES (?, ?)' % table, (key, value))
            if stop.wait(0.005): break
        print(json.dumps(there))
        """
}
