import Synchronization

/// Numbers that are given out once in the life of a store.
enum IDSequence: Int, CaseIterable, Sendable {
    case node, body, chunk, mount, stream

    var metaName: String {
        switch self {
        case .node: "next_ino"
        case .body: "next_body"
        case .chunk: "next_chunk"
        case .mount: "next_mount"
        case .stream: "next_stream"
        }
    }

    /// What one transaction takes from the store for later. The rest of a block is lost with the process.
    static let blockSize: Int64 = 1_000
}

/// The blocks of numbers that this process has taken, and not given out yet.
final class IDBlocks: Sendable {
    private let blocks = Mutex([[Range<Int64>]](repeating: [], count: IDSequence.allCases.count))

    func take(_ sequence: IDSequence) -> Int64? {
        blocks.withLock { blocks in
            guard let block = blocks[sequence.rawValue].last else { return nil }
            blocks[sequence.rawValue].removeLast()
            if block.count > 1 { blocks[sequence.rawValue].append(block.dropFirst()) }
            return block.lowerBound
        }
    }

    func add(_ block: Range<Int64>, to sequence: IDSequence) {
        guard !block.isEmpty else { return }
        blocks.withLock { $0[sequence.rawValue].append(block) }
    }
}
