import Persist
import PersistTestKit
import PersistVFS

/// One step of a random run: small numbers only, so that a failing sequence can be shrunk and pasted.
struct FileOperation: CustomStringConvertible {
    enum Verb: String, CaseIterable {
        case create, open, openTruncating, write, append, truncate, flush, fsync, release, read
        case punch, zero, allocate, copy, seek
        case unlink, rename, mkdir, rmdir, list, crash
    }

    let verb: Verb
    let path: Int
    let other: Int
    let slot: Int
    let number: Int

    static let slots = 6

    static let paths: [String] = {
        let names = ["a.json", "b.json", "c.tmp", "plain"]
        return ["records", "kv", "blobs"].flatMap { root in
            [root, root + "/d", root + "/e"].flatMap { directory in names.map { "\(directory)/\($0)" } }
                + ["\(root)/d", "\(root)/e"]
        }
    }()

    /// Pieces of JSON, so that some documents are valid and some are not.
    static let pieces = ["{}", "[1,2]", "[", "]", "{\"a\":", "1", "}", " ", "\"x\"", ""]

    init(using random: inout some RandomNumberGenerator) {
        let weighted: [Verb] = [
            .create, .create, .create, .open, .open, .openTruncating, .write, .write, .write, .write, .append, .append,
            .truncate, .punch, .punch, .zero, .allocate, .copy, .copy, .copy, .seek, .seek, .flush, .flush, .fsync,
            .release, .release, .release, .read, .unlink, .rename, .rename, .rename,
            .mkdir, .rmdir, .list, .crash,
        ]
        verb = weighted.randomElement(using: &random)!
        path = Int.random(in: 0..<Self.paths.count, using: &random)
        other = Int.random(in: 0..<Self.paths.count, using: &random)
        slot = Int.random(in: 0..<Self.slots, using: &random)
        number = Int.random(in: 0..<200_000, using: &random)
    }

    init(_ verb: Verb, _ path: Int, _ other: Int, _ slot: Int, _ number: Int) {
        self.verb = verb
        self.path = path
        self.other = other
        self.slot = slot
        self.number = number
    }

    /// Ready to paste into a regression test.
    var description: String { ".init(.\(verb), \(path), \(other), \(slot), \(number))," }

    /// What is written: short text mostly, sometimes more than a chunk.
    var bytes: [UInt8] {
        if number % 17 == 0 { return [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: number / 2 + 1) }
        return Array(Self.pieces[number % Self.pieces.count].utf8)
    }
}

/// Runs operations on a filesystem and on the reference, and says where they part.
struct FileOperationRun {
    struct Disagreement: Error, CustomStringConvertible {
        let description: String
    }

    /// A filesystem over what a kill of `bed`'s process leaves.
    typealias Crash = (TestBed) throws -> TestBed

    private(set) var bed: TestBed
    var model = ReferenceTree()
    private(set) var handles: [Int: (file: ReferenceTree.File, real: TestFile)] = [:]
    private let crash: Crash

    init(_ bed: TestBed, crash: @escaping Crash) {
        self.bed = bed
        self.crash = crash
    }

    /// - Parameter treeEvery: how many operations lie between two comparisons of everything.
    mutating func run(_ operations: [FileOperation], treeEvery: Int = 100) throws {
        for (index, operation) in operations.enumerated() {
            do {
                try step(operation)
                if index % treeEvery == treeEvery - 1 { try compareTree() }
            } catch {
                throw Disagreement(description: "operation \(index) \(operation) \(label(operation)): \(error)")
            }
        }
        try closeAll()
        try compareTree()
    }

    private func label(_ operation: FileOperation) -> String {
        "[\(FileOperation.paths[operation.path]) → \(FileOperation.paths[operation.other])]"
    }

    func expect(_ real: StoreError.Kind?, _ expected: StoreError.Kind?, _ what: String = "error") throws {
        guard real == expected else {
            throw Disagreement(
                description:
                    "\(what): the filesystem says \(real.map { "\($0)" } ?? "ok"), "
                    + "the reference \(expected.map { "\($0)" } ?? "ok")")
        }
    }

    // swift-format-ignore: one case a verb reads best in one place.
    private mutating func step(_ operation: FileOperation) throws {
        let path = FileOperation.paths[operation.path]
        let slot = operation.slot
        // The kernel never asks a file for a name in it.
        guard model.directories.contains(ReferenceTree.parent(path)) else { return }
        switch operation.verb {
        case .create:
            guard handles[slot] == nil else { return }
            let expected = model.create(path, handle: slot)
            var made: TestFile?
            let bed = bed
            let real = kind { () throws(StoreError) in made = try bed.create(path, [.read, .write, .exclusive]) }
            try expect(real, expected)
            if let made { handles[slot] = (model.files[path]!, made) }
        case .open, .openTruncating:
            guard handles[slot] == nil, model.files[path] != nil else { return }
            let truncates = operation.verb == .openTruncating
            let canWrite = truncates || operation.number % 3 > 0
            model.open(path, handle: slot, canWrite: canWrite, truncates: truncates)
            var flags: OpenFlags = canWrite ? [.read, .write] : [.read]
            if truncates { flags.insert(.truncate) }
            handles[slot] = (model.files[path]!, try bed.open(path, flags))
        case .write, .append:
            guard let (file, real) = handles[slot], file.handles[slot]!.canWrite, !operation.bytes.isEmpty else {
                return
            }
            let offset =
                operation.verb == .append ? file.visible.count : operation.number % 100_000 % (file.visible.count + 10)
            model.write(file, slot, at: offset, operation.bytes)
            try real.write(operation.bytes, at: UInt64(offset))
            try compare(file, real)
        case .truncate:
            guard let (file, real) = handles[slot], file.handles[slot]!.canWrite else { return }
            let size = operation.number % 150_000 % (file.visible.count + 20)
            model.truncate(file, slot, to: size)
            try real.truncate(to: UInt64(size))
            try compare(file, real)
        case .punch, .zero, .allocate: try allocate(operation)
        case .copy: try copy(operation)
        case .seek: try seek(operation)
        case .flush:
            guard let (file, real) = handles[slot] else { return }
            try expect(kind { () throws(StoreError) in try real.flush() }, model.flush(file, slot))
            try compare(file, real)
        case .fsync:
            guard let (_, real) = handles[slot] else { return }
            try real.fsync()
            if let file = handles[slot]?.file { model.synced(file) }
        case .release:
            guard let (file, real) = handles.removeValue(forKey: slot) else { return }
            real.release()
            model.release(file, slot)
        case .read:
            guard let (file, real) = handles[slot] else { return }
            try compare(file, real)
        case .unlink:
            let bed = bed
            try expect(kind { () throws(StoreError) in try bed.unlink(path) }, model.unlink(path))
        case .rename:
            let target = FileOperation.paths[operation.other]
            guard path.split(separator: "/")[0] == target.split(separator: "/")[0],
                model.files[path] != nil, !model.directories.contains(target),
                model.directories.contains(ReferenceTree.parent(target))
            else { return }
            let bed = bed
            try expect(kind { () throws(StoreError) in try bed.rename(path, target) }, model.rename(path, target))
        case .mkdir:
            let bed = bed
            try expect(kind { () throws(StoreError) in try bed.mkdir(path) }, model.mkdir(path))
        case .rmdir:
            let bed = bed
            let real = kind { () throws(StoreError) in
                let (parent, name) = try bed.split(path)
                try bed.fs.rmdir(name, in: parent, TestBed.root)
            }
            try expect(real, model.rmdir(path))
        case .list:
            let directory = ReferenceTree.parent(path)
            guard model.directories.contains(directory) else { return }
            model.list(directory)
            try compareNames(directory)
        case .crash:
            guard operation.number % 5 == 0 else { return }
            try closeAll()
            bed = try crash(bed)
            try compareTree()
        }
    }

    private mutating func closeAll() throws {
        for (slot, open) in handles.sorted(by: { $0.key < $1.key }) {
            open.real.release()
            model.release(open.file, slot)
        }
        handles = [:]
    }

    func compare(_ file: ReferenceTree.File, _ real: TestFile) throws {
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

    private func compareNames(_ directory: String) throws {
        let real = try bed.names(directory)
        let expected = model.names(directory)
        guard real == expected else {
            throw Disagreement(description: "\(directory) has \(real.sorted()), the reference \(expected.sorted())")
        }
    }

    private func compareTree() throws {
        for directory in model.directories {
            model.list(directory)
            try compareNames(directory)
        }
        // Opening what is open anyway changes nothing that a reader sees.
        for (path, file) in model.files {
            let reader = try bed.open(path, [.read])
            defer { reader.release() }
            try compare(file, reader)
        }
    }
}
