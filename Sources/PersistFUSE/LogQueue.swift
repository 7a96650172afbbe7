import CFuse3
import Persist
import PersistVFS
import Synchronization

/// Writes to logs, one thread at a time: what other threads read meanwhile waits for that one, and goes together.
///
/// Each line is committed before its write(2) returns (R8), and commits are one after another anyway. A thread that
/// waited for its turn could read nothing from the kernel; and SQLite's memory would go from one core to the other
/// with every line.
final class LogQueue: Sendable {
    /// A request may be answered by any thread; this one is with the thread that puts it here, then with the one that
    /// takes it out.
    private struct Item: @unchecked Sendable {
        let request: Request
        let write: LogWrite
        let subject: Request.Subject
    }

    private struct State {
        var isServed = false
        var waiting: [Item] = []
    }

    /// The most that wait, and the largest that does: 4 MiB in all.
    private static let waitingMost = 64
    private static let bytesMost = 64 << 10

    private let state = Mutex(State())

    /// Answers the request, or leaves that to the thread that is at it.
    func write(_ request: Request, _ node: fuse_ino_t, _ write: LogWrite) {
        let item = Item(request: request, write: write, subject: .node(node))
        enum Turn { case now, later, alone }
        let turn = state.withLock { state -> Turn in
            guard state.isServed else {
                state.isServed = true
                return .now
            }
            guard state.waiting.count < Self.waitingMost, write.byteCount <= Self.bytesMost else { return .alone }
            state.waiting.append(item)
            return .later
        }
        switch turn {
        case .later: return
        case .alone: answer(item)
        case .now:
            answer(item)
            while let items = next() { answer(items) }
        }
    }

    private func next() -> [Item]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isServed = false
                return nil
            }
            defer { state.waiting = [] }
            return state.waiting
        }
    }

    private func answer(_ item: Item) {
        item.request.answer("write", item.subject) { () throws(StoreError) in
            try item.request.fileSystem.write(item.write)
        } finish: { reply, count in
            reply.written(count)
        }
    }

    private func answer(_ items: [Item]) {
        guard items.count > 1 else { return answer(items[0]) }
        let results = items[0].request.fileSystem.append(items.map(\.write))
        for (item, result) in zip(items, results) {
            // Run again, each by itself, when that has been brought.
            if case .failure(let error) = result, error.absence != nil {
                answer(item)
                continue
            }
            item.request.answer("write", item.subject) { () throws(StoreError) in
                try result.get()
            } finish: { reply, count in
                reply.written(count)
            }
        }
    }
}
