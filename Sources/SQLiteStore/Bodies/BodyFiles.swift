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
        /// Nobody refers to these any more, as of the last commit.
        var freed: [Int64] = []
        var slots: Int64 = 0
    }
    let directory: String
    private let state = Mutex(State())
    let syncing = BodySync()
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

    /// With the state locked from the look to the entry: what is deleted meanwhile must not come back.
    private func file(of slot: Int64, creates: Bool) throws(StoreError) -> BodyFile {
        let number = Self.file(of: slot)
        return try state.withLock { state throws(StoreError) in
            if let open = state.open[number] { return open }
            if creates { try makeFile(number) }
            let file = try BodyFile(path(of: number), creates: false)
            if state.open.count >= Self.openMost, let other = state.open.keys.randomElement() {
                state.open[other] = nil
            }
            state.open[number] = file
            return file
        }
    }

    private func makeFile(_ number: Int64) throws(StoreError) {
        guard access(path(of: number), F_OK) != 0 else { return }
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw StoreError.system(errno, "cannot make \(directory)")
        }
        try perform(.create(number)) { () throws(StoreError) in _ = try BodyFile(path(of: number), creates: true) }
        syncing.madeName()
    }

    // MARK: In transactions

    /// - Throws: `.full`, as the disk says.
    func write(_ bytes: UnsafeRawBufferPointer, to slot: Int64) throws(StoreError) {
        let (number, offset) = (Self.file(of: slot), Self.offset(of: slot))
        let file = try file(of: slot, creates: true)
        defer { syncing.wrote(number) }
        try perform(.write(number, at: offset, bytes)) { () throws(StoreError) in try file.write(bytes, at: offset) }
    }

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

    /// What has been written before the call survives a loss of power; `only`: of these files. Throws as `BodySync.sync`.
    func sync(only: Set<Int64>? = nil) throws(StoreError) {
        try syncing.sync(only: only) { number throws(StoreError) in
            // One that is not there has nothing: it was deleted, or its transaction did not come about.
            guard access(path(of: number), F_OK) == 0 else { return .synced }
            let file = try file(of: number * Self.slotsInFile, creates: false)
            return outcome(.sync(number)) { () throws(StoreError) in try file.sync() }
        } syncNames: { () throws(StoreError) in
            for path in [directory, Location.split(directory).directory] {
                let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                if descriptor < 0 && errno == ENOENT { continue }
                guard descriptor >= 0 else { throw StoreError.system(errno, "cannot open \(path)") }
                defer { close(descriptor) }
                if fsync(descriptor) != 0 { return .failed(StoreError.system(errno, "cannot sync \(path)")) }
            }
            return outcome(.syncNames) {}
        }
    }

    private func outcome(_ call: BodyFileCall, _ body: () throws(StoreError) -> Void) -> BodySync.Outcome {
        do throws(StoreError) {
            try perform(call, body)
            return .synced
        } catch { return .failed(error) }
    }

    // MARK: Giving room back

    func takeFreed() -> [Int64] {
        state.withLock { state in
            defer { state.freed = [] }
            return state.freed
        }
    }

    func putBack(_ freed: [Int64]) { state.withLock { $0.freed += freed } }

    /// By the file that they lie in.
    static func byFile(_ slots: [Int64]) -> [Int64: [Int64]] { Dictionary(grouping: slots, by: file(of:)) }

    /// Nobody can find these slots of one file any more, after a loss of power neither. With the writer's lock held.
    ///
    /// - Parameter isEmpty: no chunk of that file has a row.
    func discard(_ slots: [Int64], of number: Int64, isEmpty: Bool) {
        // What was freed since is not known to be gone for good.
        guard isEmpty, !state.withLock({ $0.freed.contains { Self.file(of: $0) == number } }) else {
            for run in slots.sorted()[...].runs { punch(run) }
            return
        }
        state.withLock { state in
            try? perform(.delete(number)) { _ = unlink(path(of: number)) }
            state.open[number] = nil
        }
    }

    /// The store's file has another name now.
    func move(beside path: String) { rename(directory, path + "-bodies") }

    /// Where it is empty.
    func removeDirectory() { rmdir(directory) }

    private static func range(_ slots: ClosedRange<Int64>) -> Range<Int64> {
        offset(of: slots.lowerBound)..<(offset(of: slots.upperBound) + slotBytes)
    }

    // MARK: At the beginning

    /// So many chunks there are; and the files that `unsynced` names.
    func takeUp(_ chunks: Int64, unsynced: Set<Int64>) {
        state.withLock { $0.slots = chunks }
        syncing.takeUp(unsynced)
    }

    /// Whether the file is there, and as long as it has to be for that slot.
    func has(_ file: Int64, through slot: Int64) -> Bool {
        var found = stat()
        return stat(path(of: file), &found) == 0
            && Int64(found.st_size) >= Self.offset(of: slot) + Self.slotBytes
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
