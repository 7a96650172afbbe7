import Persist
import SQLiteStore

/// Which short files are fetched before anybody asks for them: those that come next, where somebody reads one after the other.
/// A value.
///
/// Whoever waits for a file may be the one who waited for the file before it, in one of two orders: that in which files were
/// noted here, which for those of a listing is that of their names (rsync, cp), and that in which a directory shows
/// them (tar, grep -r). After a few in a row what comes next is fetched too, more each time; who jumps gets nothing more
/// than what was asked for.
struct FilesAhead: Sendable {
    /// To find the files whose content is not here, and that come next.
    struct Ask: Sendable, Equatable {
        var reader: Int
        var last: NodeID
        var order: FileOrder
        var count: Int
    }

    private struct Reader {
        let number: Int
        let order: FileOrder
        /// Where `expected` ends.
        var last: NodeID
        /// What comes next; fetched, once there is a `row`, but for the `last`: nobody waits for what is here already, so that
        /// only who comes to the end of it tells where the reader is.
        var expected: [NodeID] = []
        /// How many came as expected.
        var row = 0
        var count = 1

        var ask: Ask { Ask(reader: number, last: last, order: order, count: count) }
    }

    /// So many in a row may be chance.
    static let rowMin = 2
    private static let first = 4
    /// At once: what takes 20 ms alone takes about 1 ms then.
    static let most = 24
    private static let readersMost = 8

    /// Who was heard of last comes last.
    private var readers: [Reader] = []
    /// Several parts of one file are asked for at once.
    private var recent: [NodeID] = []
    private var last = 0

    /// Somebody waits for the content of a short file. - Returns: what is to be found out for `found`.
    mutating func came(to id: NodeID) -> [Ask] {
        guard !recent.contains(id) else { return [] }
        recent = recent.suffix(Self.readersMost - 1) + [id]
        var asks: [Ask] = []
        let known = readers.filter { $0.expected.contains(id) }
        readers = readers.filter { !$0.expected.contains(id) } + known
        for index in readers.indices.suffix(known.count) {
            guard let place = readers[index].expected.firstIndex(of: id) else { continue }
            readers[index].expected.removeFirst(place + 1)
            readers[index].row += 1
            // Before the last of them is read, so that the next are on their way meanwhile.
            guard readers[index].expected.count <= readers[index].count / 2 else { continue }
            if readers[index].row >= Self.rowMin {
                readers[index].count = max(Self.first, min(readers[index].count * 2, Self.most))
            }
            asks.append(readers[index].ask)
        }
        guard known.isEmpty else { return asks }
        return FileOrder.allCases.map { order in
            if readers.count >= Self.readersMost { readers.removeFirst() }
            last += 1
            let reader = Reader(number: last, order: order, last: id)
            readers.append(reader)
            return reader.ask
        }
    }

    /// - Parameter files: what comes next, as was asked; fewer where there are no more.
    /// - Returns: which of them to fetch.
    mutating func found(_ files: [NodeID], for ask: Ask) -> [NodeID] {
        // Two that waited for the same file have asked the same.
        guard let index = readers.firstIndex(where: { $0.number == ask.reader && $0.last == ask.last }),
            let last = files.last
        else { return [] }
        let rest = readers[index].expected.suffix(1).filter { $0 == readers[index].last }
        readers[index].last = last
        readers[index].expected += files
        return readers[index].row >= Self.rowMin ? rest + files.dropLast() : []
    }
}
