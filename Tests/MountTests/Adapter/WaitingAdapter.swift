import PersistTestKit

/// An adapter that tests hold up.
enum WaitingAdapter {
    /// Puts wait for the file `go`, and `refused` is refused.
    static func store(_ fixture: MountFixture) throws -> String {
        let path = fixture.directory + "/adapter.py"
        try writeScript(
            path,
            """
            import os, sys, time
            sys.path.insert(0, '\(AdapterHost.hosts)/python')
            from persist_adapter import Adapter, run
            class Waiting(Adapter):
                concurrency = 8
                def __init__(self): self.values = {}
                def get(self, key): return self.values.get(key)
                def put(self, key, value):
                    if key == 'kv/refused': raise ValueError('no such colour')
                    # Or the end of the test: what started it may have been killed.
                    while os.path.exists('\(fixture.scratch)') and not os.path.exists('\(fixture.scratch)/go'):
                        time.sleep(0.02)
                    self.values[key] = value
                def delete(self, key): self.values.pop(key, None)
                def list(self, prefix):
                    for key in sorted(self.values, key=str.encode):
                        if key.startswith(prefix): yield key, self.values[key]
            run(Waiting())

            """)
        return "exec:python3 \(path)"
    }
}
