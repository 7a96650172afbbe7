public import Persist

/// Turns what others change in a store into lines for `persistfs watch`.
public final class ChangeWatch: StoreObserver {
    public struct Line: Hashable, Sendable {
        public enum Change: String, Sendable {
            /// New, with other content, or moved here.
            case changed
            /// Other attributes only.
            case attributes
            /// Gone, or moved away. A directory's removal stands for what was in it.
            case removed
            /// Too much to tell one by one.
            case everything
        }

        public var change: Change
        /// Below the root; nil for `everything`.
        public var path: [UInt8]?

        public init(_ change: Change, _ path: [UInt8]?) {
            self.change = change
            self.path = path
        }
    }

    private unowned let store: any LocalStore
    private let show: @Sendable ([Line]) -> Void

    /// - Parameters:
    ///   - store: outlives this object.
    ///   - show: called on the store's thread with what changed, in its order.
    public init(_ store: any LocalStore, show: @escaping @Sendable ([Line]) -> Void) {
        self.store = store
        self.show = show
    }

    public func storeChanged(_ changes: [StoreChange]) {
        var lines: [Line] = []
        var known: Set<Line> = []
        for change in changes {
            // A new file comes as a name and as content: one line.
            guard let line = line(change), known.insert(line).inserted else { continue }
            lines.append(line)
        }
        if !lines.isEmpty { show(lines) }
    }

    /// nil where it is gone already: what removed it is told too.
    private func line(_ change: StoreChange) -> Line? {
        switch change {
        case .content(let id): (try? store.path(of: id)).map { Line(.changed, $0) }
        case .attributes(let id): (try? store.path(of: id)).map { Line(.attributes, $0) }
        case .entry(let parent, let name), .newEntry(let parent, let name): entry(parent, name)
        case .everything: Line(.everything, nil)
        }
    }

    private func entry(_ parent: NodeID, _ name: FileName) -> Line? {
        guard let directory = try? store.path(of: parent) else { return nil }
        let path = directory.isEmpty ? name.bytes : directory + [UInt8(ascii: "/")] + name.bytes
        do throws(StoreError) {
            _ = try store.lookup(name, in: parent)
            return Line(.changed, path)
        } catch {
            return error.kind == .notFound ? Line(.removed, path) : nil
        }
    }
}
