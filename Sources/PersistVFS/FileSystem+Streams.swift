import Persist

/// Logs in events/: files that only grow, a line an event (R8).
extension FileSystem {
    private static let newline = UInt8(ascii: "\n")

    func appendToStream(
        _ state: inout OpenNode.State, handle: UInt64, at offset: UInt64, _ bytes: [UInt8]
    ) throws(StoreError) -> Int {
        switch try beginAppend(&state, handle: handle, at: offset, bytes) {
        case .taken(let count): return count
        case .lines(let appending):
            do throws(StoreError) { return finishAppend(&state, appending, try store.append(appending.append)) } catch {
                refuseTail(&state, handle: handle, error)
                throw error
            }
        }
    }

    /// The line that an open file has begun cannot be finished with what was to follow. It is kept aside: else it would be in
    /// the way of every line that comes after it.
    func refuseTail(_ state: inout OpenNode.State, handle: UInt64, _ error: StoreError) {
        guard error.kind == .rejected || error.kind == .tooLarge, let file = state.opens[handle], !file.tail.isEmpty
        else { return }
        keepRefused(state, file, error)
        (state.opens[handle]!.tail, state.opens[handle]!.keptTail, state.opens[handle]!.keptTailCount) = ([], nil, 0)
    }

    /// What a write does to a log. Nothing has changed yet where there are lines.
    enum Beginning {
        case taken(Int)
        case lines(Appending)
    }

    /// A write that has finished lines: what the store is to append, and what the open file is then.
    struct Appending {
        let handle: UInt64
        let append: Append
        var file: OpenFile
        /// Of the write, and how many of them were there already.
        let count: Int
        let overlap: Int
        /// Bytes that waited for this write, and where the last newline of all is.
        let waiting: Int
        let last: Int
    }

    func beginAppend(
        _ state: inout OpenNode.State, handle: UInt64, at offset: UInt64, _ bytes: [UInt8]
    ) throws(StoreError) -> Beginning {
        guard var file = state.opens[handle] else { throw StoreError(.badDescriptor) }
        var rest = bytes[...]
        if !file.flags.contains(.append) {
            let end = file.knownEnd + UInt64(file.tail.count)
            guard offset <= end else { throw Self.streamOnlyGrows }
            let overlap = Int(min(UInt64(bytes.count), end - offset))
            guard try isThere(bytes[..<overlap], at: offset, state, file) else { throw Self.streamOnlyGrows }
            rest = bytes[overlap...]
        }
        guard !rest.isEmpty, !state.neverWas else { return .taken(bytes.count) }
        if file.tail.isEmpty { file.tailStart = file.flags.contains(.append) ? .newLine : .continuing }
        let waiting = file.tail.count
        file.tail.append(contentsOf: rest)
        guard let last = file.tail.lastIndex(of: Self.newline) else {
            guard UInt64(file.tail.count) <= store.limits.lineBytesMax else {
                let error = StoreError(
                    .tooLarge, key: key(state.node.id), hint: "a line has at most \(store.limits.lineBytesMax) bytes")
                refuseTail(&state, handle: handle, error)
                throw error
            }
            state.opens[handle] = file
            return .taken(bytes.count)
        }
        let lines = last == file.tail.count - 1 ? file.tail : Array(file.tail[...last])
        try far?.requireRoom(UInt64(lines.count), isMore: true, for: state.node.id, waits: true)
        let append = Append(
            stream: state.node.id, creation: state.creation, bytes: lines, start: file.tailStart, time: clock(),
            tail: file.keptTail)
        return .lines(
            Appending(
                handle: handle, append: append, file: file, count: bytes.count, overlap: bytes.count - rest.count,
                waiting: waiting, last: last))
    }

    /// - Returns: how many bytes of the write were taken.
    func finishAppend(_ state: inout OpenNode.State, _ appending: Appending, _ appended: Appended) -> Int {
        var file = appending.file
        defer { state.opens[appending.handle] = file }
        settle(&state, appended)
        file.keptTail = nil
        file.keptTailCount = 0
        file.knownEnd = appended.position + UInt64(appended.accepted)
        if appended.accepted <= appending.last {
            // A bad line ends the write: what came before it is in.
            file.tail = []
            return appending.overlap + max(0, appended.accepted - appending.waiting)
        }
        file.tail = Array(file.tail[(appending.last + 1)...])
        file.tailStart = file.flags.contains(.append) ? .newLine : .continuing
        return appending.count
    }

    /// Truncating to nothing; the store says whether that is allowed. Unfinished lines of open files stay theirs.
    func removeEvents(_ state: inout OpenNode.State) throws(StoreError) {
        guard state.node.size > 0 else { return }
        guard store.limits.removesEvents else { throw Self.streamOnlyGrows }
        state.node = try store.removeEvents(of: state.node.id, at: clock())
    }

    /// FLUSH commits the unfinished line: recovery joins it.
    func keepTail(_ state: inout OpenNode.State, _ handle: UInt64) throws(StoreError) {
        guard !state.neverWas, let file = state.opens[handle], file.tail.count != file.keptTailCount else { return }
        state.opens[handle]!.keptTail = try store.keepTail(file.keptTail, of: state.node.id, bytes: file.tail)
        state.opens[handle]!.keptTailCount = file.tail.count
    }

    /// A close says that the unfinished line would be refused as it is. It may still be finished.
    func requireTail(_ file: OpenFile, _ state: OpenNode.State) throws(StoreError) {
        guard !file.tail.isEmpty, EventLines.requiresJSON(state.node.name),
            let problem = JSONScanner.check(file.tail, depthMax: store.limits.depthMax)
        else { return }
        throw StoreError(.rejected, key: key(state.node.id), hint: "the last line: \(problem)")
    }

    /// RELEASE joins the unfinished line as an event without a newline.
    func finishTail(_ state: inout OpenNode.State, _ file: OpenFile) {
        guard !file.tail.isEmpty, !state.neverWas else { return }
        let append = Append(
            stream: state.node.id, creation: state.creation, bytes: file.tail, start: file.tailStart,
            endsUnterminated: true, time: clock(), tail: file.keptTail)
        do throws(StoreError) {
            settle(&state, try store.append(append))
        } catch {
            keepRefused(state, file, error)
        }
    }

    // MARK: Inside

    private func settle(_ state: inout OpenNode.State, _ appended: Appended) {
        if let creation = state.creation {
            if appended.node.id != creation.id { become(appended.node, &state, creation) }
            pending.remove(creation.name, in: creation.parent)
            state.creation = nil
        }
        state.node = appended.node
        state.isNew = false
    }

    /// Whether these bytes are in the stream already (rsync --inplace writes what it has again).
    private func isThere(
        _ bytes: ArraySlice<UInt8>, at offset: UInt64, _ state: OpenNode.State, _ file: OpenFile
    ) throws(StoreError) -> Bool {
        guard !bytes.isEmpty else { return true }
        let stored = offset < file.knownEnd ? Int(min(UInt64(bytes.count), file.knownEnd - offset)) : 0
        if stored > 0 {
            let there = try Array<UInt8>(capacity: stored) { (buffer: inout OutputRawSpan) throws(StoreError) in
                try store.read(state.node.id, at: offset, into: &buffer)
            }
            guard there.elementsEqual(bytes.prefix(stored)) else { return false }
        }
        let waiting = bytes.dropFirst(stored)
        guard !waiting.isEmpty else { return true }
        let first = Int(offset + UInt64(stored) - file.knownEnd)
        return file.tail[first...].prefix(waiting.count).elementsEqual(waiting)
    }

    private func keepRefused(_ state: OpenNode.State, _ file: OpenFile, _ error: StoreError) {
        let reason = error.hint ?? "\(error.kind)"
        do throws(StoreError) {
            let path = try path(of: state)
            try store.keepRejected(path, bytes: file.tail, error: reason)
            if let tail = file.keptTail { try store.dropTail(tail) }
            log.log("\(String(decoding: path, as: UTF8.self)): last line: \(reason); kept in .persist/rejected")
        } catch {
            log.log("\(state.node.name): last line: \(reason); could not be kept in .persist/rejected: \(error)")
        }
    }
}

extension OpenNode.State {
    /// Created and removed again before the store knew it: what is appended must not bring its name back.
    fileprivate var neverWas: Bool { isUnlinked && creation != nil }
}
