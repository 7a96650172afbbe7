internal import Persist

extension Connection {
    /// What a draft shows: its own chunks, else those of its base.
    func read(_ state: DraftState, at offset: UInt64, into sink: inout ByteSink) throws(StoreError) {
        guard offset < state.size else { return }
        let end = min(state.size, offset + UInt64(sink.free))
        let place = sink.count
        var position = offset
        while position < end {
            let (index, skip) = position.quotientAndRemainder(dividingBy: Self.chunkBytes)
            let stop = min(end, (index + 1) * Self.chunkBytes)
            let count = Int(stop - position)
            let before = sink.count
            if try readOverlay(state, Int64(index), from: Int(skip), count, into: &sink) {
                sink.appendZeros(count - (sink.count - before))
            } else {
                try readBase(state, at: position, count, into: &sink)
            }
            position = stop
        }
        if let body = state.body { try readPatches(of: body, at: offset, into: &sink, from: place) }
    }

    private func readOverlay(
        _ state: DraftState, _ index: Int64, from skip: Int, _ count: Int, into sink: inout ByteSink
    ) throws(StoreError) -> Bool {
        guard let body = state.body else { return false }
        let found: Void? = try first(
            "SELECT c.data, e.cid FROM extent e LEFT JOIN chunk c ON c.cid = e.cid WHERE e.body = ? AND e.idx = ?",
            body,
            index
        ) { row throws(StoreError) in
            if row.int(1) < 0 { return try readSlot(-row.int(1), from: skip, count, into: &sink) }
            row.withBytes(0) { bytes in
                guard skip < bytes.count else { return }
                sink.append(UnsafeRawBufferPointer(rebasing: bytes[skip..<min(skip + count, bytes.count)]))
            }
        }
        return found != nil
    }

    private func readBase(
        _ state: DraftState, at position: UInt64, _ count: Int, into sink: inout ByteSink
    ) throws(StoreError) {
        let there = position < state.baseLimit ? Int(min(UInt64(count), state.baseLimit - position)) : 0
        let before = sink.count
        switch state.base {
        case .none: break
        case .bytes(let bytes):
            let start = min(Int(position), bytes.count)
            sink.append(bytes[start..<min(start + there, bytes.count)])
        case .own(let bytes):
            let start = min(Int(position), bytes.count)
            sink.append(bytes[start..<min(start + count, bytes.count)])
        case .body(let body):
            if there > 0 { try readBody(body, at: position, there, into: &sink) }
        }
        sink.appendZeros(count - (sink.count - before))
    }
}
