import CSQLite
import Persist
import PersistTestKit
import SQLiteStore

/// 200 random steps on a store whose disk fails on the way, and what must hold all the time.
struct FaultRun {
    private let file: StoreFile
    private let disk: Disk
    private let seed: UInt64
    private let fault: DiskFault?

    init(seed: UInt64, fault: DiskFault?) throws {
        self.seed = seed
        self.fault = fault
        file = try StoreFile(in: StoreFile.memory)
        disk = Disk(file.directory, isRecording: false)
    }

    /// - Returns: how many calls a fault could have met, and how many met one.
    func run() throws -> (calls: Int, hits: Int) {
        defer { disk.close() }
        disk.inject(fault)
        var followed = try FollowedStore(factory(), seed: seed)
        defer { followed.store.close() }
        for step in 0..<200 {
            try take(try followed.next(), &followed)
            if step % 12 == 11 { try sync(&followed) }
        }
        let result = (disk.callCount, disk.faultHits)
        disk.inject(nil)
        try compare(followed, "at the end", isWhole: true)
        while followed.isKeptAgainNext { try take(try followed.next(), &followed) }
        try take(.reopen, &followed)
        try compare(followed, "opened again", isWhole: true)
        try followed.store.sync()
        return result
    }

    /// A step that fails has changed nothing, and can be taken once the disk is well again.
    private func take(_ operation: StoreOperation, _ followed: inout FollowedStore) throws {
        switch followed.take(operation) {
        case .done: return
        case .disagreement(let words): throw StoreError(.corrupt, hint: words)
        case .failed(let kind):
            guard disk.isHit else { throw StoreError(kind, hint: "\(operation) failed on a disk that did not") }
            disk.inject(nil)
        }
        if case .reopen = operation {} else { try compare(followed, "after \(operation) failed", isWhole: false) }
        switch followed.take(operation) {
        case .done: return
        case .disagreement(let words): throw StoreError(.corrupt, hint: "again: \(words)")
        case .failed(let kind): throw StoreError(kind, hint: "\(operation) fails on a disk that is well again")
        }
    }

    /// A sync that failed fails from then on, until the store is opened again; one that could not begin does not.
    private func sync(_ followed: inout FollowedStore) throws {
        let first: StoreError
        do {
            try followed.store.sync()
            return
        } catch { first = error }
        // It may be the sync before a checkpoint that failed, and some steps ago.
        guard first.kind == .io, disk.faultHits > 0 else { throw first }
        disk.inject(nil)
        guard first.code == SQLITE_IOERR | (4 << 8) else { return try followed.store.sync() }
        if (try? followed.store.sync()) != nil { throw StoreError(.corrupt, hint: "a sync succeeds after one failed") }
        while followed.isKeptAgainNext { try take(try followed.next(), &followed) }
        try take(.reopen, &followed)
        try followed.store.sync()
    }

    private func compare(_ followed: FollowedStore, _ when: String, isWhole: Bool) throws {
        let (found, expected) = (
            try StoreContents(of: followed.store), try StoreContents(of: followed.referenceStore)
        )
        guard found == expected else {
            throw StoreError(.corrupt, hint: "\(when):\n\(found.difference(to: expected))")
        }
        guard isWhole, let store = followed.store as? SQLiteStore else { return }
        let findings = try store.check()
        guard findings.isEmpty else { throw StoreError(.corrupt, hint: "\(when), check finds \(findings)") }
    }

    /// Opening fails as the disk does, and works afterwards.
    private func factory() -> LocalStoreFactory {
        let (file, disk) = (file, disk)
        let open: @Sendable () throws -> SQLiteStore = { try file.open { $0.walBytesMax = 200_000 } }
        return LocalStoreFactory(
            name: "SQLiteStore",
            make: { _ in
                do {
                    return try open()
                } catch {
                    guard disk.isHit else { throw error }
                    disk.inject(nil)
                    return try open()
                }
            },
            reopen: { old in
                guard let old = old as? SQLiteStore else { throw StoreError(.invalid) }
                if old.syncCount % 2 == 0 { old.close() } else { old.abandon() }
                return try open()
            })
    }
}
