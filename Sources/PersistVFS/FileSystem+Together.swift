public import Persist

/// Writes to several logs at once: one transaction for all of them (R8).
extension FileSystem {
    /// Whether writes to this file may be given to `append` together with others.
    public func isLog(_ id: NodeID) -> Bool { opens.find(id)?.isLog == true }

    /// Writes to several logs, which the store commits together.
    ///
    /// - Returns: of each what `write` returns or throws.
    public func append(_ writes: [LogWrite]) -> [Result<Int, StoreError>] {
        let done = append(writes[...], []).results
        return writes.enumerated().map { place, write in
            // Whose file was in use, or comes twice here, goes alone.
            done[place] ?? Result { () throws(StoreError) in try self.write(write) }
        }
    }

    /// The same for one.
    public func write(_ write: LogWrite) throws(StoreError) -> Int {
        try write.bytes.withRawSpan { bytes throws(StoreError) in
            try self.write(
                write.node, handle: write.handle, at: write.offset, bytes, fromCache: false, write.caller)
        }
    }

    private typealias Answers = (appended: [Result<Appended, StoreError>], results: [Int: Result<Int, StoreError>])

    /// Each file is held until the store has answered for all. None is waited for: so no two callers wait for each other.
    ///
    /// - Parameter begun: what the files that are held already want of the store.
    private func append(_ writes: ArraySlice<LogWrite>, _ begun: [Append]) -> Answers {
        guard let write = writes.first else { return (store.append(begun), [:]) }
        let rest = writes.dropFirst()
        let open = begun.contains { $0.stream == write.node } ? nil : opens.find(write.node)
        let answers = open?.ifFree { state -> Answers? in
            guard state.node.isStream else { return nil }
            var answers: Answers
            let result: Result<Int, StoreError>
            do throws(StoreError) {
                switch try beginAppend(&state, handle: write.handle, at: write.offset, write.bytes) {
                case .taken(let count):
                    answers = append(rest, begun)
                    result = .success(count)
                case .lines(let appending):
                    answers = append(rest, begun + [appending.append])
                    result = answers.appended[begun.count].map { finishAppend(&state, appending, $0) }
                    if case .failure(let error) = result { refuseTail(&state, handle: write.handle, error) }
                }
            } catch {
                answers = append(rest, begun)
                result = .failure(error)
            }
            answers.results[writes.startIndex] = result
            return answers
        }
        if let answers = answers ?? nil { return answers }
        return append(rest, begun)
    }
}
