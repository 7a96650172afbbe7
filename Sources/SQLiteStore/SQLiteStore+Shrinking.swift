internal import Persist

/// Free pages go back to the disk (R13): by short transactions, so that nobody waits long for one.
extension SQLiteStore {
    /// More than a quarter of the file, and more than 8 MiB: less is soon used again.
    func isLargelyFree() throws(StoreError) -> Bool {
        let (free, pages) = try freePages()
        return free > 1_024 && free * 4 > pages
    }

    /// One step, where shrinking has begun. The file itself becomes shorter at the next checkpoint.
    /// - Returns: whether there is more to give back.
    func shrinkALittle() -> Bool {
        guard serving.shrinker.isShrinking else { return false }
        do throws(StoreError) {
            if try serving.shrinker.step(writer), try isLargelyFree() { return true }
            serving.shrinker.end()
            serving.checkpointer?.run()
        } catch {
            serving.shrinker.end()
            switch error.kind {
            // Held by another program, or no room in the WAL: it goes on in a second.
            case .timedOut: break
            case .full, .quotaExceeded: serving.checkpointer?.run()
            default: options.log("shrinking the store: \(error)")
            }
        }
        return false
    }

    /// At the end, when nobody else has the store: all that can be given back in a second.
    func shrinkAtEnd() {
        do throws(StoreError) {
            guard try freePages().free > Self.keptFree else { return }
            let deadline = ContinuousClock.now + .seconds(1)
            while try serving.shrinker.step(writer), ContinuousClock.now < deadline {
                if let checkpointer = serving.checkpointer, checkpointer.isDue { checkpointer.run() }
            }
        } catch {
            options.log("shrinking the store: \(error)")
        }
    }

    /// What the last unmount does not move pages for. 1 MiB.
    private static let keptFree: Int64 = 128

    private func freePages() throws(StoreError) -> (free: Int64, all: Int64) {
        try readTogether { db throws(StoreError) in
            (
                try db.first("PRAGMA freelist_count") { $0.int(0) } ?? 0,
                try db.first("PRAGMA page_count") { $0.int(0) } ?? 0
            )
        }
    }
}
