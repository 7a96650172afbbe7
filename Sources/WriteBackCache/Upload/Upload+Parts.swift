import Persist
import SQLiteStore

/// Long values: their parts are read when each is sent, some at once, and what has arrived is put down. So a crash costs no
/// more than what was on its way, and what is given up is abandoned on the far side too.
extension Upload {
    /// In memory at once, of one value; one part at least.
    private static let partsBytesMost: UInt64 = 32 << 20
    private static let partsMost = 4

    func bytesAtOnce(ofValue size: UInt64) -> UInt64 {
        guard let parted = far.parted, size >= parted.partedBytesMin else { return size }
        return max(Self.partsBytesMost, parted.partBytes(of: size))
    }

    func putLong(
        of snapshot: OutboxSnapshot, _ node: Node, _ known: FarRecord, _ key: StoreKey, _ side: Side, isNoted: Bool
    ) async throws(StoreError) -> Sent {
        guard let parted = far.parted, let attributes = side.carried else {
            throw StoreError(.unsupported, key: key, hint: "the far side takes no long values")
        }
        if isThere(snapshot, known) {
            if let upload = snapshot.upload { try await giveUp(upload) }
            if !isNoted { guard try await announce(known) else { return .again } }
            return .record(known, hasAttributes: false)
        }
        let source = source(snapshot, besides: key)
        if source == nil, snapshot.away != nil, try await !bring(node.id) { return .again }
        var record = known
        record.doubt()
        if !isNoted { guard try await announce(record) else { return .again } }
        let upload = try await begun(snapshot, node, key, attributes, by: parted)
        guard let parts = try await sendParts(of: upload, copiedFrom: source, by: parted) else { return .again }
        guard let sum = try await sum(of: parts, copiedFrom: source) else {
            // Others have changed what was copied: it may be theirs.
            try await giveUp(upload)
            throw StoreError(.timedOut, key: key, hint: "others change what it is copied from")
        }
        let sent = try await putFile(
            .parts(PartedUpload(key, token: upload.token ?? []), parts), sum, of: snapshot, node, record, key, side,
            isNoted: true)
        switch sent {
        case .record(var new, let isPut):
            // Else it was there already: an answer was lost, or others have put the same.
            if isPut, side.key == nil { new.meta = upload.meta }
            if !isPut { try await giveUp(upload) }
            // At once: what comes after it may fail, and the value is not to be sent again for that.
            try await books.book(.sentLong(new, revision: upload.revision))
            return .record(new, hasAttributes: isPut && upload.meta == attributes.meta)
        case .conflict:
            // What cannot be told now is put down, and told by the next process.
            do throws(StoreError) { try await giveUp(upload) } catch { options.log("\(error)") }
            return sent
        case .again: return sent
        }
    }

    /// The value is what the far side has under this key, as far as is known: it was not changed since that was sent, or is
    /// there alone.
    private func isThere(_ snapshot: OutboxSnapshot, _ known: FarRecord) -> Bool {
        // What `begin` has made of the record of another node has no sum.
        guard known.tried == nil, known.key != nil else { return false }
        if let away = snapshot.away {
            guard away.key == known.key else { return false }
            return away.sum.map { $0 == known.sum } ?? (away.revision != nil && away.revision == known.revision)
        }
        return known.sum != nil && !snapshot.entry.change.contains(.content)
    }

    // MARK: Copies

    /// What the far side has of the same content under another name.
    private struct Source {
        let key: StoreKey
        let revision: Revision
        /// `LongSum`.
        let sum: [UInt8]
    }

    /// nil: it is not known to have that. What was moved while it was away, and never read here, has no sum: it is brought.
    private func source(_ snapshot: OutboxSnapshot, besides key: StoreKey) -> Source? {
        guard far.adapter is any PartCopying else { return nil }
        for record in snapshot.records where record.tried == nil && record.key != key.bytes {
            guard let key = record.key, let revision = record.revision, let sum = record.sum else { continue }
            let isSame =
                snapshot.away.map { $0.key == key && $0.sum == sum && $0.revision == revision }
                ?? !snapshot.entry.change.contains(.content)
            if isSame { return Source(key: StoreKey(key), revision: revision, sum: sum) }
        }
        return nil
    }

    /// - Returns: nil where parts were copied and the source is another value by now.
    private func sum(
        of parts: [PartReceipt], copiedFrom source: Source?
    ) async throws(StoreError) -> [UInt8]? {
        guard parts.contains(where: { $0.sum.isEmpty }) else {
            var sum = LongSum()
            for part in parts { sum.add(part.sum) }
            return sum.digest
        }
        // Not every server looks at the condition of a copy.
        guard let source, try await far.has(source.revision, at: source.key) == true else { return nil }
        return source.sum
    }

    // MARK: Parts

    /// The one that an earlier try, or an earlier process, has begun with this content; else a new one.
    private func begun(
        _ snapshot: OutboxSnapshot, _ node: Node, _ key: StoreKey, _ attributes: ValueAttributes,
        by parted: any PartedPutting
    ) async throws(StoreError) -> FarUpload {
        let partBytes = parted.partBytes(of: node.size)
        if let old = snapshot.upload {
            if old.token != nil, old.key == key.bytes, old.revision == node.revision, old.size == node.size,
                old.partBytes == partBytes
            {
                return old
            }
            try await giveUp(old)
        }
        var upload = FarUpload(
            node: node.id, key: key.bytes, revision: node.revision, size: node.size, partBytes: partBytes,
            meta: attributes.meta, begun: .now())
        // Put down first: one that was begun by a request whose answer nobody heard is found again.
        try await books.book(.uploading(upload))
        upload.token = try await far.beginParts(of: key, attributes).token
        advanced()
        try await books.book(.uploading(upload))
        return upload
    }

    /// - Returns: nil where the content has changed meanwhile.
    private func sendParts(
        of upload: FarUpload, copiedFrom source: Source?, by parted: any PartedPutting
    ) async throws(StoreError) -> [PartReceipt]? {
        let partBytes = parted.partBytes(of: upload.size)
        let count = Int((upload.size + partBytes - 1) / partBytes)
        let atOnce = max(1, min(Self.partsMost, Int(Self.partsBytesMost / partBytes)))
        var missing = (1...count).filter { upload.parts[$0] == nil }[...]
        var receipts = upload.parts
        let failure = await withTaskGroup(of: (Int, Result<PartReceipt?, StoreError>).self) { group in
            var (isChanged, failure) = (false, StoreError?.none)
            func add() {
                guard !isChanged, failure == nil, let number = missing.popFirst() else { return }
                let start = UInt64(number - 1) * partBytes
                let range = start..<min(start + partBytes, upload.size)
                group.addTask {
                    do throws(StoreError) {
                        return (number, .success(try await sendPart(number, range, of: upload, copiedFrom: source)))
                    } catch { return (number, .failure(error)) }
                }
            }
            for _ in 0..<atOnce { add() }
            for await (number, result) in group {
                switch result {
                case .success(let receipt?): receipts[number] = receipt
                case .success(nil): isChanged = true
                case .failure(let error): failure = failure ?? error
                }
                add()
            }
            return failure
        }
        if let failure { throw failure }
        let sent = (1...count).compactMap { receipts[$0] }
        return sent.count == count ? sent : nil
    }

    /// - Returns: nil where the content has changed since the upload was begun.
    private func sendPart(
        _ number: Int, _ range: Range<UInt64>, of upload: FarUpload, copiedFrom source: Source?
    ) async throws(StoreError) -> PartReceipt? {
        let there = PartedUpload(StoreKey(upload.key), token: upload.token ?? [])
        var receipt: PartReceipt?
        var isRefused = true
        if let source {
            switch try await far.copyPart(number, from: source.key, having: source.revision, range, of: there) {
            case .part(let copied): (receipt, isRefused) = (copied, false)
            case .gone: isRefused = false
            case .refused: break
            }
        }
        if isRefused {
            guard let bytes = try await read(range, of: upload) else { return nil }
            receipt = try await far.putPart(number, bytes, of: there)
        }
        guard let receipt else {
            try await books.book(.endedUpload(upload.node))
            throw StoreError(.timedOut, key: there.key, hint: "the far side has dropped its parts: all are sent anew")
        }
        advanced()
        try await books.book(.sentPart(upload.node, number: number, receipt))
        return receipt
    }

    private func read(_ range: Range<UInt64>, of upload: FarUpload) async throws(StoreError) -> [UInt8]? {
        do throws(StoreError) { return try readHere(range, of: upload) } catch {
            // It has been removed meanwhile.
            if error.kind == .notFound { return nil }
            // It was to be copied, and cannot be.
            guard error.kind == .absent else { throw error }
            return try await bring(upload.node) ? try readHere(range, of: upload) : nil
        }
    }

    private func readHere(_ range: Range<UInt64>, of upload: FarUpload) throws(StoreError) -> [UInt8]? {
        var revision: Int64 = 0
        let bytes = try [UInt8](capacity: range.count) { span throws(StoreError) in
            revision = try store.read(upload.node, at: range.lowerBound, into: &span)
        }
        return revision == upload.revision && bytes.count == range.count ? bytes : nil
    }

    // MARK: What is given up

    /// - Throws: where the far side cannot be told: it stays put down, and is told later.
    func giveUp(_ upload: FarUpload) async throws(StoreError) {
        do throws(StoreError) { try await abandon(upload) } catch {
            // One that this key may not end must not keep the file from being sent.
            guard !error.isTransient else { throw error }
            options.log("an upload in parts stays open on the far side: \(error)")
        }
        try await books.book(.endedUpload(upload.node))
    }

    private func abandon(_ upload: FarUpload) async throws(StoreError) {
        let key = StoreKey(upload.key)
        if let token = upload.token { return try await far.abandon(PartedUpload(key, token: token)) }
        for (open, begun) in try await far.openUploads(of: key) where Self.mayBe(upload, begun) {
            try await far.abandon(open)
        }
    }

    /// One that was begun from here, and nobody heard of: by its time, with clocks that differ. Where another machine is
    /// putting the same key just then, it begins anew.
    private static func mayBe(_ upload: FarUpload, _ begun: Timestamp) -> Bool {
        abs(begun.seconds - upload.begun.seconds) <= 15 * 60
    }

    /// What an earlier process has left of nodes that nothing is to be sent of any more.
    func giveUpForgotten() async {
        for upload in (try? store.farUploads()) ?? [] where (try? store.outboxEntry(of: upload.node)) == .some(nil) {
            do throws(StoreError) { try await giveUp(upload) } catch {
                options.log("what an earlier mount began to send in parts: \(error)")
            }
        }
    }
}
