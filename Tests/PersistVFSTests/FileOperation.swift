import Persist
import PersistTestKit
import PersistVFS

/// One step of a random run: small numbers only, so that a failing sequence can be shrunk and pasted.
struct FileOperation: CustomStringConvertible {
    enum Verb: String, CaseIterable {
        case create, open, openTruncating, write, append, truncate, flush, fsync, release, read
        case punch, zero, allocate, copy, seek
        case unlink, rename, mkdir, rmdir, list, crash, reopen
        /// By another program.
        case foreignPut, foreignDelete, load
        /// Of everything.
        case compareTree
    }

    let verb: Verb
    let path: Int
    let other: Int
    let slot: Int
    let number: Int

    static let slots = 6

    static let paths: [String] = {
        // With the four directories these are fewer than 64 names.
        ["records", "kv", "blobs", "events"].flatMap { root in
            let names =
                root == "events" ? ["a.jsonl", "b.log", "c.tmp", "plain"] : ["a.json", "b.json", "c.tmp", "plain"]
            return [root, root + "/d", root + "/e"].flatMap { directory in names.map { "\(directory)/\($0)" } }
                + ["\(root)/d", "\(root)/e"]
        }
    }()

    static let hot = ["records/a.json", "kv/plain", "kv/a.json", "blobs/plain", "events/a.jsonl", "events/b.log"]
        .map(index)

    private static func index(_ path: String) -> Int { paths.firstIndex(of: path)! }

    /// What chance alone comes to too seldom: a document is written here and by another program at once, and a
    /// directory that has something in it is to go.
    static let meeting: [FileOperation] = [
        .init(.release, hot[0], 0, 0, 0), .init(.openTruncating, hot[0], 0, 0, 0), .init(.write, hot[0], 0, 0, 10),
        .init(.foreignPut, hot[0], 0, 0, 7), .init(.flush, hot[0], 0, 0, 0),
        .init(.mkdir, index("kv/d"), 0, 0, 0), .init(.release, 0, 0, 1, 0),
        .init(.create, index("kv/d/plain"), 0, 1, 0),
        .init(.rmdir, index("kv/d"), 0, 0, 0),
    ]

    /// Pieces of JSON, so that some documents are valid and some are not.
    static let pieces = ["{}", "[1,2]", "[", "]", "{\"a\":", "1", "}", " ", "\"x\"", ""]

    init(using random: inout some RandomNumberGenerator) {
        let weighted: [Verb] = [
            .create, .create, .create, .open, .open, .openTruncating, .write, .write, .write, .write, .append, .append,
            .truncate, .punch, .punch, .zero, .allocate, .copy, .copy, .copy, .seek, .seek, .flush, .flush, .fsync,
            .release, .release, .release, .read, .unlink, .rename, .rename, .rename,
            .mkdir, .rmdir, .list, .crash, .reopen, .foreignPut, .foreignPut, .foreignDelete, .load,
        ]
        verb = weighted.randomElement(using: &random)!
        // Half of all go to a few files, so that several opens, and others, meet there.
        path =
            Bool.random(using: &random)
            ? Self.hot.randomElement(using: &random)! : Int.random(in: 0..<Self.paths.count, using: &random)
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

    /// The same for a log: now and then a line ends, or several do.
    var lines: [UInt8] {
        let piece = bytes
        switch number / 100 % 4 {
        case 0: return piece
        case 1, 2: return piece + Array("\n".utf8)
        default: return piece + Array("\n[\(number)]\n\(number % 3 == 0 ? "{" : "")\nrest".utf8)
        }
    }

    /// What another program gives a key: never twice the same.
    func foreignValue(_ index: Int) -> [UInt8] {
        Array("{\"by\":\"another\",\"n\":\(index),\"pad\":\"\(String(repeating: "x", count: number % 400))\"}".utf8)
    }
}
