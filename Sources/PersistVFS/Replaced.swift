import Persist
import Synchronization

/// Files that have just lost their name to a rename over it, held for a little longer (R3).
///
/// Between LOOKUP and OPEN of a name another program may rename over it. The kernel then asks for a file that is
/// gone, and looks the name up again once only: under a writer that goes on replacing, a name that is always there
/// would now and then seem to be missing. Held, the file is opened as it was, as on any disk.
final class Replaced: Sendable {
    /// The last so many are held.
    static let most = 8
    /// Larger files are not: what they take on the disk is to be free at once.
    static let bytesMax: UInt64 = 256 << 10

    private let held = Mutex<[NodeID]>([])

    /// - Returns: the file that has been held longest, where there is one too many: it is to be released.
    func add(_ id: NodeID) -> NodeID? {
        held.withLock { held in
            held.append(id)
            return held.count > Self.most ? held.removeFirst() : nil
        }
    }

    /// - Returns: false where it has been released to make room.
    func remove(_ id: NodeID) -> Bool {
        held.withLock { held in
            guard let index = held.lastIndex(of: id) else { return false }
            held.remove(at: index)
            return true
        }
    }

    func contains(_ id: NodeID) -> Bool { held.withLock { $0.contains(id) } }

    func removeAll() -> [NodeID] {
        held.withLock { held in
            defer { held = [] }
            return held
        }
    }
}
