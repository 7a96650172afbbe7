import Persist
import PersistTestKit
import PersistVFS
import Synchronization
import Testing

/// A filesystem over the reference store, driven by paths, with what it told the kernel and the log.
final class TestBed: Sendable {
    /// Where it is the reference store: for counts, faults and foreign writes.
    private let memory: MemoryStore?
    var store: MemoryStore { memory! }
    let fs: FileSystem
    let kernel = RecordingKernel()
    let log = RecordingLog()
    static let root = Caller(uid: 0, gid: 0)

    init(
        _ store: any LocalStore = MemoryStore(), far: (any FarWaits)? = nil,
        limits: (inout FileSystemOptions) -> Void = { _ in }
    ) {
        memory = store as? MemoryStore
        var options = FileSystemOptions(uid: 1000, gid: 1000, umask: 0o022)
        limits(&options)
        fs = FileSystem(
            store: store, options: options, kernel: kernel, log: log, clock: MemoryStore.systemClock, far: far,
            controls: ["status.json": { Array("{}".utf8) }])
    }

    // MARK: Paths

    func find(_ path: String) throws(StoreError) -> Attributes {
        var found = try fs.getattr(.root)
        for part in path.split(separator: "/") { found = try fs.lookup(Array(part.utf8), in: found.id, Self.root) }
        return found
    }

    func split(_ path: String) throws(StoreError) -> (NodeID, [UInt8]) {
        var parts = path.split(separator: "/")
        let name = Array(parts.removeLast().utf8)
        return (try find(parts.joined(separator: "/")).id, name)
    }

    // MARK: Files

    func open(_ path: String, _ flags: OpenFlags) throws(StoreError) -> TestFile {
        let id = try find(path).id
        return TestFile(self, id, try fs.open(id, flags, Self.root))
    }

    func create(_ path: String, _ flags: OpenFlags = [.write], mode: UInt16 = 0o644) throws(StoreError) -> TestFile {
        let (parent, name) = try split(path)
        let (attributes, opened) = try fs.create(name, in: parent, mode: mode, flags, Self.root)
        return TestFile(self, attributes.id, opened)
    }

    /// `printf TEXT > PATH`.
    func write(_ path: String, _ text: String) throws(StoreError) {
        let file = try create(path, [.write, .truncate])
        defer { file.release() }
        try file.write(text)
        try file.flush()
    }

    /// `cat PATH`.
    func read(_ path: String) throws(StoreError) -> String {
        let file = try open(path, [.read])
        defer { file.release() }
        return try file.read()
    }

    func rename(_ from: String, _ to: String, _ mode: Rename.Mode = .replace) throws(StoreError) {
        let (parent, name) = try split(from)
        let (newParent, newName) = try split(to)
        try fs.rename(name, in: parent, to: newName, in: newParent, mode: mode, Self.root)
    }

    func unlink(_ path: String) throws(StoreError) {
        let (parent, name) = try split(path)
        try fs.unlink(name, in: parent, Self.root)
    }

    func mkdir(_ path: String) throws(StoreError) {
        let (parent, name) = try split(path)
        _ = try fs.mkdir(name, in: parent, mode: 0o755, Self.root)
    }

    func names(_ path: String) throws(StoreError) -> Set<String> {
        Set(try fs.readdir(try find(path).id, after: 0, limit: 1_000).map { "\($0.name)" })
    }

    /// What a crash leaves: a new filesystem over what survived.
    func afterCrash() throws(StoreError) -> TestBed { TestBed(try store.reopenedAfterCrash()) }
}

/// One open description.
struct TestFile: Sendable {
    let bed: TestBed
    let id: NodeID
    let opened: Opened

    init(_ bed: TestBed, _ id: NodeID, _ opened: Opened) {
        self.bed = bed
        self.id = id
        self.opened = opened
    }

    @discardableResult
    func write(_ text: String, at offset: UInt64 = 0, by caller: Caller = TestBed.root) throws(StoreError) -> Int {
        try write(Array(text.utf8), at: offset, by: caller)
    }

    @discardableResult
    func write(_ bytes: [UInt8], at offset: UInt64 = 0, by caller: Caller = TestBed.root) throws(StoreError) -> Int {
        try bed.fs.write(id, handle: opened.handle, at: offset, bytes.span.bytes, fromCache: false, caller)
    }

    /// A page that the kernel writes back.
    func writeBack(_ text: String, at offset: UInt64) throws(StoreError) {
        let bytes = Array(text.utf8)
        _ = try bed.fs.write(
            id, handle: opened.handle, at: offset, bytes.span.bytes, fromCache: true, TestBed.root)
    }

    func bytes(at offset: UInt64 = 0, count: Int = 1 << 20) throws(StoreError) -> [UInt8] {
        try Array(capacity: count) { (buffer: inout OutputRawSpan) throws(StoreError) in
            try bed.fs.read(id, handle: opened.handle, at: offset, into: &buffer)
        }
    }

    func read(at offset: UInt64 = 0) throws(StoreError) -> String {
        String(decoding: try bytes(at: offset), as: UTF8.self)
    }

    func truncate(to size: UInt64) throws(StoreError) {
        _ = try bed.fs.setattr(id, AttributeSetting(size: size), handle: opened.handle, TestBed.root)
    }

    func flush() throws(StoreError) { try bed.fs.flush(id, handle: opened.handle) }
    func fsync() throws(StoreError) { try bed.fs.fsync(id, handle: opened.handle) }
    func release() { bed.fs.release(id, handle: opened.handle) }

    func close() throws(StoreError) {
        defer { release() }
        try flush()
    }
}

final class RecordingKernel: KernelNotifier {
    private let state = Mutex<(nodes: [NodeID], names: [FileName])>(([], []))
    var nodes: [NodeID] { state.withLock { $0.nodes } }
    var names: [FileName] { state.withLock { $0.names } }

    func invalidate(_ node: NodeID, attributesOnly: Bool) { state.withLock { $0.nodes.append(node) } }
    func invalidate(_ name: FileName, in parent: NodeID) { state.withLock { $0.names.append(name) } }
    func expire(_ name: FileName, in parent: NodeID) { state.withLock { $0.names.append(name) } }
    func finishInvalidating(_ node: NodeID) {}
    func writeBack(_ node: NodeID, _ range: Range<UInt64>) -> Bool { mapped.withLock { $0 }(range) }

    /// What programs have in maps: written when the kernel is asked for it.
    let mapped = Mutex<@Sendable (Range<UInt64>) -> Bool>({ _ in true })
}

final class RecordingLog: Log {
    private let state = Mutex<[String]>([])
    var lines: [String] { state.withLock { $0 } }
    func log(_ line: String) { state.withLock { $0.append(line) } }
}

/// The kind of error that `body` ends with; nil where it succeeds.
func kind(_ body: () throws(StoreError) -> Void) -> StoreError.Kind? {
    do throws(StoreError) {
        try body()
        return nil
    } catch {
        return error.kind
    }
}
