internal import Persist

/// What Persist says of names and of JSON, in the words of the model.
enum NameRules {
    static func key(of path: some Collection<FileName>, in namespace: Namespace) -> StoreKey? {
        PathNames.key(of: Array(path), in: namespace).map { StoreKey(namespace.name.bytes + [UInt8(ascii: "/")] + $0) }
    }

    /// The lines of `*.jsonl` and `*.ndjson` are JSON, those of `*.log` anything.
    static func isLinesOfJSON(_ name: FileName) -> Bool {
        [".jsonl", ".ndjson"].contains { name.bytes.suffix($0.utf8.count).elementsEqual($0.utf8) }
    }

    static func requireJSON(_ bytes: ArraySlice<UInt8>, depthMax: Int) throws(StoreError) {
        guard let problem = JSONScanner.check(Array(bytes), depthMax: depthMax) else { return }
        throw StoreError(.rejected, hint: "\(problem)")
    }
}
