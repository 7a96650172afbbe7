import CSQLite
import Glibc
import Synchronization

/// A directory whose files SQLite reaches through this object: it writes down what is done to them, and can fail.
///
/// One call at a time: what was written down before a sync was done before it. What other code does there by
/// itself (the lock file, the reserve) goes by unseen. Memory that is shared (`-shm`) needs no disk.
final class Disk: Sendable {
    private struct State {
        var events: [DiskEvent] = []
        var files: [String: Int] = [:]
        var created = 0
        var calls = 0
        var fault: DiskFault?
        var hits = 0
        var checkpoints = 0
        var beforeCheckpointWrite: (@Sendable () -> Void)?
    }

    let directory: String
    private let isRecording: Bool
    private let state = Mutex(State())

    /// - Parameter isRecording: false where only faults are wanted; events are large.
    init(_ directory: String, isRecording: Bool) {
        self.directory = directory
        self.isRecording = isRecording
        DiskVFS.watch(self)
    }

    /// The connections into the directory must be closed.
    func close() { DiskVFS.forget(self) }

    var events: [DiskEvent] { state.withLock { $0.events } }
    var eventCount: Int { state.withLock { $0.events.count } }
    /// How many calls a fault could have met so far.
    var callCount: Int { state.withLock { $0.calls } }
    /// How many calls have met a fault, of all that were injected.
    var faultHits: Int { state.withLock { $0.hits } }
    /// Whether a call has met the fault that is injected now.
    var isHit: Bool { state.withLock { $0.fault.map { $0.hits > 0 } ?? false } }

    /// nil: the disk is well again.
    func inject(_ fault: DiskFault?) { state.withLock { $0.fault = fault } }

    /// How often the database's own file was synced: a checkpoint does it, and nothing else while the store is open.
    var checkpointCount: Int { state.withLock { $0.checkpoints } }

    /// Called, with nothing locked here, before each write to the database's own file.
    func beforeCheckpointWrite(_ body: (@Sendable () -> Void)?) {
        state.withLock { $0.beforeCheckpointWrite = body }
    }

    /// Of a file that is there, and was made while this disk was watched.
    func number(of name: String) -> Int? { state.withLock { $0.files[name] } }

    // MARK: What SQLite asks for

    /// - Returns: SQLite's code, and the number of the file.
    func open(_ name: String, _ body: () -> Int32) -> (Int32, Int) {
        state.withLock { state in
            if let code = Self.failure(.open, &state) { return (code, 0) }
            let wasThere = access(directory + "/" + name, F_OK) == 0
            let code = body()
            guard code == SQLITE_OK else { return (code, 0) }
            if wasThere, let file = state.files[name] { return (code, file) }
            state.created += 1
            let file = state.created
            state.files[name] = file
            if isRecording { state.events.append(.create(name, file: file)) }
            return (code, file)
        }
    }

    func delete(_ name: String, syncsDirectory: Bool, _ body: () -> Int32) -> Int32 {
        state.withLock { state in
            if let code = Self.failure(.delete, &state) { return code }
            let code = body()
            guard code == SQLITE_OK else { return code }
            state.files[name] = nil
            guard isRecording else { return code }
            state.events.append(.delete(name))
            if syncsDirectory { state.events.append(.syncDirectory) }
            return code
        }
    }

    /// - Parameter body: writes the first so many bytes.
    func write(
        _ file: Int, at offset: Int, _ bytes: UnsafeRawBufferPointer, _ body: (Int) -> Int32
    ) -> Int32 {
        state.withLock { file == $0.files["store.db"] ? $0.beforeCheckpointWrite : nil }?()
        return state.withLock { state in
            var count = bytes.count
            let failure = Self.failure(.write, &state)
            if let failure {
                guard state.fault?.kind == .shortWrite else { return failure }
                count /= 2
            }
            let code = body(count)
            if code == SQLITE_OK, isRecording {
                state.events.append(.write(file: file, offset: offset, bytes: Array(bytes.prefix(count))))
            }
            return failure ?? code
        }
    }

    /// Everything else: what came of it is written down where it succeeded.
    func perform(_ call: DiskCall, _ events: [DiskEvent] = [], _ body: () -> Int32) -> Int32 {
        state.withLock { state in
            if let code = Self.failure(call, &state) { return code }
            let code = body()
            guard code == SQLITE_OK else { return code }
            if case .sync(let file) = events.first, file == state.files["store.db"] { state.checkpoints += 1 }
            if isRecording { state.events += events }
            return code
        }
    }

    private static func failure(_ call: DiskCall, _ state: inout State) -> Int32? {
        state.calls += 1
        guard let fault = state.fault, fault.meets(call, state.calls) else { return nil }
        state.fault?.hits += 1
        state.hits += 1
        return fault.code(call)
    }
}
