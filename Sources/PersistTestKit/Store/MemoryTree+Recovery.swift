internal import Persist

/// What the next process finds after this one was killed (R1, R2).
extension MemoryTree {
    mutating func recover(now: Timestamp) throws(StoreError) {
        holds = [:]
        let found = drafts.values.sorted { $0.draft.id < $1.draft.id }
        drafts = [:]
        for draft in found {
            guard let kept = draft.kept, let node = entries[draft.draft.node]?.node, !node.isUnlinked else { continue }
            do throws(StoreError) {
                let publication = Publication(
                    node: node.id, content: .bytes(kept.bytes), mtime: kept.mtime,
                    base: node.isDocument ? draft.draft.baseRevision : nil)
                _ = try publish(publication, now: now)
            } catch {
                keepRejected(try path(of: node.id), kept.bytes, error, now)
                // A name that had no value before goes away again.
                if draft.madeNode, node.revision == 0 { _ = try detach(node.id, now: now) }
            }
        }
        for (id, tail) in tails.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            tails[id] = nil
            guard let node = entries[tail.stream]?.node, !node.isUnlinked else { continue }
            do throws(StoreError) {
                _ = try append(
                    Append(
                        stream: tail.stream, bytes: tail.bytes, start: .newLine, endsUnterminated: true, time: now))
            } catch {
                keepRejected(try path(of: node.id), tail.bytes, error, now)
            }
        }
        for id in entries.keys { collect(id) }
    }

    private mutating func keepRejected(_ path: [UInt8], _ bytes: [UInt8], _ error: StoreError, _ now: Timestamp) {
        kept[.rejected, default: [:]][path] = Kept(bytes: bytes, time: now, error: error.hint ?? "\(error.kind)")
    }
}
