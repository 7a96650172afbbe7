import Persist
import PersistTestKit

/// What a disk may hold when the power goes: all that was synced, and any part of the rest, in sectors of 512 bytes.
struct CrashDisk {
    static let sectorBytes = 512

    private struct File {
        var synced: [UInt8] = []
        var pending: [Change] = []
    }
    private enum Change {
        case write(offset: Int, bytes: [UInt8])
        case truncate(Int)
    }

    private var files: [Int: File] = [:]
    private var names: [String: Int] = [:]
    /// Since the directory was synced. nil: deleted.
    private var pendingNames: [(name: String, file: Int?)] = []

    mutating func apply(_ event: DiskEvent) {
        switch event {
        case .create(let name, let file):
            files[file] = File()
            pendingNames.append((name, file))
        case .delete(let name): pendingNames.append((name, nil))
        case .write(let file, let offset, let bytes):
            files[file]?.pending.append(.write(offset: offset, bytes: bytes))
        case .truncate(let file, let size): files[file]?.pending.append(.truncate(size))
        case .sync(let file):
            guard var synced = files.removeValue(forKey: file) else { return }
            for change in synced.pending { Self.apply(change, to: &synced.synced) { true } }
            synced.pending = []
            files[file] = synced
        case .syncDirectory, .syncBodies:
            var isBodies = false
            if case .syncBodies = event { isBodies = true }
            for (name, file) in pendingNames where name.contains("/") == isBodies { names[name] = file }
            pendingNames.removeAll { $0.name.contains("/") == isBodies }
        }
    }

    /// How much of what was not synced is there all the same.
    enum Luck: CaseIterable {
        /// kill -9: the kernel has it all.
        case all
        case nothing
        /// Each sector with the odds of a coin.
        case sectors
        /// Nine of ten sectors.
        case mostSectors
        /// One of ten sectors.
        case fewSectors
        /// Each write whole, or not at all.
        case writes
    }

    /// The files, by name, in one of the states that are possible now.
    func image(_ luck: Luck, _ random: inout SplitMix64) -> [String: [UInt8]] {
        var directory = names
        for (name, file) in pendingNames where Self.isLucky(luck, &random) { directory[name] = file }
        return directory.mapValues { number in
            guard let file = files[number] else { return [] }
            var bytes = file.synced
            for change in file.pending {
                switch (change, luck) {
                case (.write, .sectors), (.write, .mostSectors), (.write, .fewSectors):
                    Self.apply(change, to: &bytes) { Self.isLucky(luck, &random) }
                default:
                    if Self.isLucky(luck, &random) { Self.apply(change, to: &bytes) { true } }
                }
            }
            return bytes
        }
    }

    private static func isLucky(_ luck: Luck, _ random: inout SplitMix64) -> Bool {
        switch luck {
        case .all: true
        case .nothing: false
        case .sectors, .writes: Bool.random(using: &random)
        case .mostSectors: Int.random(in: 0..<10, using: &random) != 0
        case .fewSectors: Int.random(in: 0..<10, using: &random) == 0
        }
    }

    /// - Parameter takes: asked once for each sector.
    private static func apply(_ change: Change, to file: inout [UInt8], takes: () -> Bool) {
        switch change {
        case .truncate(let size):
            if size <= file.count {
                file.removeLast(file.count - size)
            } else {
                file.append(contentsOf: repeatElement(0, count: size - file.count))
            }
        case .write(let offset, let bytes):
            var start = 0
            while start < bytes.count {
                let place = offset + start
                let end = min(bytes.count, start + sectorBytes - place % sectorBytes)
                defer { start = end }
                guard takes() else { continue }
                let needed = offset + end
                if file.count < needed { file.append(contentsOf: repeatElement(0, count: needed - file.count)) }
                bytes.withRawSpan { file.replace(at: place, with: $0.extracting(start..<end)) }
            }
        }
    }
}
