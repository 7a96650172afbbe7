import Glibc
internal import Linux
internal import Persist
import Synchronization

/// STORE-bodies: the chunks of long files of a store that is a copy of a far side, which SQLite would write twice.
///
/// A chunk with the number -n lies in slot n: 64 KiB of the file n / `slotsInFile`. A number is given out once, so what lies
/// in a slot never changes for whoever has found its row, until nobody can any more.
///
/// Written in write transactions only, with the writer's lock held; read by any thread. The table `unsynced` names the files
/// that may lack something after a loss of power: the row is there before the first chunk of it is.
final class BodyFiles: Sendable {
    static let slotBytes = Int64(Connection.chunkBytes)
    static let slotsInFile: Int64 = 1_024
    private static let openMost = 64

    private struct State {
        var open: [Int64: BodyFile] = [:]
        /// How often each file that is not known to be on the disk was written, and what of that `sync` has seen to.
        var writes: [Int64: (all: Int, synced: Int)] = [:]
        /// The files that `unsynced` names.
        var noted: Set<Int64> = []
        /// Nobody refers to these any more, as of the last commit.
        var freed: [Int64] = []
        var slots: Int64 = 0
        /// Names of files were made that are not known to be on the disk.
        var hasNewNames = false
        var failure: StoreError?
    }
    let directory: String
    private let state = Mutex(State())
    private let syncing = Lock()
    private let watcher: (any BodyFileWatcher)?

    init(store path: String, watcher: (any BodyFileWatcher)? = nil) {
        directory = path + "-bodies"
        self.watcher = watcher
    }

    private func perform(_ call: BodyFileCall, _ body: () throws(StoreError) -> Void) throws(StoreError) {
        if let watcher { try watcher.perform(call, body) } else { try body() }
    }

    static func file(of slot: Int64) -> Int64 { slot / slotsInFile }

    private static func offset(of slot: Int64) -> Int64 { slot % slotsInFile * slotBytes }

    func path(of file: Int64) -> String { "\(directory)/\(file)" }

    private func file(of slot: Int64, creates: Bool) throws(StoreError) -> BodyFile {
        let number = Self.file(of: slot)
        if let open = state.withLock({ $0.open[number] }) { return open }
        if creates, mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw StoreError.system(errno, "cannot make \(directory)")
        }
        let isNew = creates && access(path(of: number), F_OK) != 0
        if isNew {
            try perform(.create(number)) { () throws(StoreError) in _ = try BodyFile(path(of: number), creates: true) }
        }
        let file = try BodyFile(path(of: number), creates: creates)
        return state.withLock { state in
            if isNew { state.hasNewNames = true }
            if let open = state.open[number] { return open }
            if state.open.count >= Self.openMost, let other = state.open.keys.randomElement() {
                state.open[other] = nil
            }
            state.open[number] = file
            return file
        }
    }

    // MARK: In transactions

    /// - Throws: `.full`, as the disk says.
    func write(_ bytes: UnsafeRawBufferPointer, to slot: Int64, from skip: Int = 0) throws(StoreError) {
        let (number, offset) = (Self.file(of: slot), Self.offset(of: slot) + Int64(skip))
        let file = try file(of: slot, creates: true)
        // Counted afterwards: a sync that runs meanwhile may have seen nothing of it.
        defer { state.withLock { $0.writes[number, default: (0, 0)].all += 1 } }
        try perform(.write(number, at: offset, bytes)) { () throws(StoreError) in try file.write(bytes, at: offset) }
    }

    /// Whether `unsynced` names the file.
    func isNoted(_ file: Int64) -> Bool { state.withLock { $0.noted.contains(file) } }
    func note(_ file: Int64) { state.withLock { _ = $0.noted.insert(file) } }

    func took(_ slots: Int) { state.withLock { $0.slots += Int64(slots) } }
    func free(_ slots: [Int64]) {
        state.withLock { state in
            state.freed += slots
            state.slots -= Int64(slots.count)
        }
    }

    /// Of a transaction that did not come about: nobody has ever seen what lies there.
    func forget(_ slots: [Int64]) {
        for slot in slots { punch(slot...slot) }
    }

    /// All of one file.
    private func punch(_ slots: ClosedRange<Int64>) {
        guard let file = try? file(of: slots.lowerBound, creates: false) else { return }
        let range = Self.range(slots)
        try? perform(.punch(Self.file(of: slots.lowerBound), range)) { file.punch(range) }
    }

    // MARK: Any thread

    var bytesUsed: UInt64 { UInt64(max(0, state.withLock { $0.slots }) * Self.slotBytes) }

    func read(_ slot: Int64, from skip: Int, _ count: Int, into sink: inout ByteSink) throws(StoreError) {
        do throws(StoreError) {
            let file = try file(of: slot, creates: false)
            try sink.fill(count) { buffer throws(StoreError) in
                try file.read(into: buffer, at: Self.offset(of: slot) + Int64(skip))
            }
        } catch {
            // Not the file that was asked for: its place on this disk.
            throw StoreError(error.kind == .corrupt ? .corrupt : .io, code: error.code, hint: error.hint)
        }
    }

    /// These slots will be synced soon.
    func startWriting(_ slots: [Int64]) {
        for run in slots[...].runs {
            // Where it goes on in another file, `sync` writes the rest.
            let last = min(run.upperBound, (Self.file(of: run.lowerBound) + 1) * Self.slotsInFile - 1)
            try? file(of: run.lowerBound, creates: false).startWriting(Self.range(run.lowerBound...last))
        }
    }

    /// Whether there is anything that a loss of power could take.
    var hasUnsynced: Bool { state.withLock { state in state.writes.values.contains { $0.all != $0.synced } } }

    /// Whether `unsynced` names any.
    var hasNotes: Bool { state.withLock { !$0.noted.isEmpty } }

    /// What has been written before the call survives a loss of power.
    ///
    /// - Throws: `.io`, and from then on always: after a failed fsync nobody knows what is on the disk.
    func sync() throws(StoreError) {
        syncing.lock()
        defer { syncing.unlock() }
        let (files, hasNewNames, failure) = state.withLock { state in
            defer { state.hasNewNames = false }
            return (state.writes.filter { $0.value.all != $0.value.synced }, state.hasNewNames, state.failure)
        }
        if let failure { throw failure }
        do throws(StoreError) {
            // One that was never made has nothing: its transaction did not come about.
            for (number, writes) in files {
                if access(path(of: number), F_OK) == 0 {
                    let file = try file(of: number * Self.slotsInFile, creates: false)
                    try perform(.sync(number)) { () throws(StoreError) in try file.sync() }
                }
                state.withLock { $0.writes[number]?.synced = writes.all }
            }
            if hasNewNames {
                try perform(.syncNames) { () throws(StoreError) in try syncNames() }
            }
        } catch {
            let failure = StoreError(
                .io, code: error.code,
                hint: "the disk failed to write \(directory): what was synced before is safe, the rest may be lost")
            state.withLock { $0.failure = failure }
            throw failure
        }
    }

    private func syncNames() throws(StoreError) {
        for path in [directory, Location.split(directory).directory] {
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { throw StoreError.system(errno, "cannot open \(path)") }
            defer { close(descriptor) }
            guard fsync(descriptor) == 0 else { throw StoreError.system(errno, "cannot sync \(path)") }
        }
    }

    /// Files that `unsynced` names for nothing: nothing has been written to them since they were synced. With the writer's
    /// lock held.
    func syncedFiles() -> [Int64] {
        state.withLock { state in
            state.noted.filter { number in state.writes[number].map { $0.all == $0.synced } ?? true }
        }
    }

    func unnote(_ files: [Int64]) {
        state.withLock { state in
            for file in files {
                state.noted.remove(file)
                state.writes[file] = nil
            }
        }
    }

    // MARK: Giving room back

    func takeFreed() -> [Int64] {
        state.withLock { state in
            defer { state.freed = [] }
            return state.freed
        }
    }

    func putBack(_ freed: [Int64]) { state.withLock { $0.freed += freed } }

    /// Nobody can find these slots any more, after a loss of power neither.
    ///
    /// - Parameter isEmpty: whether no chunk of that file has a row. With the writer's lock held.
    func discard(_ slots: [Int64], isEmpty: (Int64) throws(StoreError) -> Bool) throws(StoreError) {
        let slots = slots.sorted()
        var start = 0
        while start < slots.count {
            let number = Self.file(of: slots[start])
            var end = start
            while end < slots.count, Self.file(of: slots[end]) == number { end += 1 }
            defer { start = end }
            if try isEmpty(number) {
                try? perform(.delete(number)) { _ = unlink(path(of: number)) }
                state.withLock { state in
                    state.open[number] = nil
                    state.writes[number] = nil
                }
                continue
            }
            for run in slots[start..<end].runs { punch(run) }
        }
    }

    /// Where it is empty.
    func removeDirectory() { rmdir(directory) }

    private static func range(_ slots: ClosedRange<Int64>) -> Range<Int64> {
        offset(of: slots.lowerBound)..<(offset(of: slots.upperBound) + slotBytes)
    }

    // MARK: At the beginning

    /// Each file with chunks, and how many; and those that `unsynced` names.
    func takeUp(_ chunks: [Int64: Int64], unsynced: Set<Int64>) {
        state.withLock { state in
            state.slots = chunks.values.reduce(0, +)
            state.noted = unsynced
            for file in unsynced { state.writes[file] = (1, 0) }
            state.hasNewNames = !unsynced.isEmpty
        }
    }

    /// What the files take on the disk, in slots; nil: it is not there.
    func slotsOnDisk(of file: Int64) -> Int64? {
        var found = stat()
        guard stat(path(of: file), &found) == 0 else { return nil }
        return Int64(found.st_blocks) * 512 / Self.slotBytes
    }

    /// The files that are there.
    var filesThere: [Int64] { namesIn(directory).compactMap { Int64($0) } }
}

extension ArraySlice<Int64> {
    /// Of numbers in their order: those that follow each other.
    fileprivate var runs: [ClosedRange<Int64>] {
        reduce(into: []) { runs, number in
            if let last = runs.last, last.upperBound + 1 == number {
                runs[runs.count - 1] = last.lowerBound...number
            } else {
                runs.append(number...number)
            }
        }
    }
}
