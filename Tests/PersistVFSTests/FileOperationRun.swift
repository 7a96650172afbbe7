import Persist
import PersistTestKit
import PersistVFS

/// Runs operations on a filesystem and on the reference, and says where they part.
///
/// What an operation touched is compared after it, everything every hundred operations and at the end.
struct FileOperationRun {
    struct Disagreement: Error, CustomStringConvertible {
        /// Of the operation that it showed at; behind the last where it showed at the end.
        var index = 0
        let description: String
    }

    let place: any FileOperationPlace
    var bed: TestBed
    var model = ReferenceTree()
    var handles: [Int: (file: ReferenceTree.File, real: TestFile)] = [:]
    /// How often a run came to what it is there for.
    private(set) var met: [String: Int] = [:]

    init(in place: any FileOperationPlace) throws(Disagreement) {
        self.place = place
        do { bed = try place.begin() } catch { throw Disagreement(description: "cannot begin: \(error)") }
    }

    mutating func run(_ operations: [FileOperation]) throws(Disagreement) {
        for (index, operation) in operations.enumerated() {
            do {
                let before = model.conflicts.count
                try step(operation, index)
                if model.conflicts.count > before { met["conflict", default: 0] += 1 }
                try comparePath(FileOperation.paths[operation.path])
                if operation.verb == .rename { try comparePath(FileOperation.paths[operation.other]) }
            } catch {
                throw Disagreement(
                    index: index, description: "operation \(index) \(operation) \(label(operation)): \(error)")
            }
        }
        do {
            try closeAll()
            try compareTree()
            try place.end()
        } catch {
            throw Disagreement(index: operations.count, description: "at the end: \(error)")
        }
    }

    private func label(_ operation: FileOperation) -> String {
        "[\(FileOperation.paths[operation.path]) → \(FileOperation.paths[operation.other])]"
    }

    mutating func expect(_ real: StoreError.Kind?, _ expected: StoreError.Kind?, _ what: String = "error") throws {
        met[expected.map { "\($0)" } ?? "ok", default: 0] += 1
        guard real == expected else {
            throw Disagreement(
                description:
                    "\(what): the filesystem says \(real.map { "\($0)" } ?? "ok"), "
                    + "the reference \(expected.map { "\($0)" } ?? "ok")")
        }
    }

    mutating func closeAll() throws {
        for (slot, open) in handles.sorted(by: { $0.key < $1.key }) {
            open.real.release()
            model.release(open.file, slot)
        }
        handles = [:]
    }

    func compare(_ file: ReferenceTree.File, _ real: TestFile) throws {
        guard !file.isForeignGone, !file.isStream || !file.isUnlinked else { return }
        let expected = file.visible
        let bytes = try real.bytes(count: max(1, expected.count + 10))
        guard bytes == expected else {
            throw Disagreement(
                description: "\(file.path): \(bytes.count) bytes \(bytes.prefix(20)), "
                    + "of the reference \(expected.count) \(expected.prefix(20)); log: \(bed.log.lines.suffix(3))")
        }
        guard try bed.fs.getattr(real.id).size == UInt64(expected.count) else {
            throw Disagreement(description: "\(file.path): another size than \(expected.count)")
        }
    }

    func compareNames(_ directory: String) throws {
        let real = try bed.names(directory).subtracting(OtherProgram.names)
        let expected = model.names(directory)
        guard real == expected else {
            throw Disagreement(description: "\(directory) has \(real.sorted()), the reference \(expected.sorted())")
        }
    }

    /// What a program finds under a name; to look and to read change nothing.
    func comparePath(_ path: String) throws {
        guard model.directories.contains(ReferenceTree.parent(path)) else { return }
        guard let file = model.files[path] else {
            var found: Attributes?
            let bed = bed
            let real = kind { () throws(StoreError) in found = try bed.find(path) }
            let isDirectory = model.directories.contains(path)
            guard isDirectory ? found?.kind == .directory : real == .notFound else {
                throw Disagreement(
                    description: "\(path): \(found.map { "a \($0.kind)" } ?? "\(real!)"), of the reference "
                        + (isDirectory ? "a directory" : "nothing"))
            }
            return
        }
        let reader = try bed.open(path, [.read])
        defer { reader.release() }
        try compare(file, reader)
    }

    mutating func compareTree() throws {
        try place.settle(bed)
        for directory in model.directories {
            model.list(directory)
            try compareNames(directory)
        }
        for path in model.files.keys { try comparePath(path) }
        try compareConflicts()
    }

    /// Each side that lost is kept, once (R10); then room is made.
    private mutating func compareConflicts() throws {
        var kept: [[UInt8]] = []
        for version in try bed.fs.store.keptVersions(.conflicts) {
            kept.append(try bed.fs.store.keptBytes(.conflicts, version.path))
            try bed.fs.store.removeKept(.conflicts, version.path)
        }
        for bytes in model.conflicts {
            guard let index = kept.firstIndex(of: bytes) else {
                throw Disagreement(description: "lost in a conflict: \(bytes.count) bytes \(bytes.prefix(40))")
            }
            kept.remove(at: index)
        }
        for bytes in model.mayBeKept { if let index = kept.firstIndex(of: bytes) { kept.remove(at: index) } }
        guard kept.isEmpty else {
            throw Disagreement(description: "a conflict that was none: \(kept.map { $0.prefix(40) })")
        }
        model.conflicts = []
        model.mayBeKept = []
    }
}
