internal import Glibc

/// Files of 100 bytes, one operation after another, as the programs that people use do them.
struct SmallFiles {
    let directory: String

    /// A document, so that it may be a record.
    private static let body: [UInt8] = {
        let head = Array(#"{"name": "somebody", "text": ""#.utf8)
        let tail = Array("\"}\n".utf8)
        return head + [UInt8](repeating: 0x78, count: 100 - head.count - tail.count) + tail
    }()

    /// open with O_CREAT, one write, close.
    func create(count: Int, isSynced: Bool = false) throws(Failure) -> Samples {
        let body = Self.body
        return try each(count) { path throws(Failure) in
            let start = now()
            let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
            guard file >= 0 else { throw Failure(call: "open", on: path) }
            guard write(file, body, body.count) == body.count else { throw Failure(call: "write", on: path) }
            if isSynced, fsync(file) != 0 { throw Failure(call: "fsync", on: path) }
            guard Glibc.close(file) == 0 else { throw Failure(call: "close", on: path) }
            return now() - start
        }
    }

    /// close alone, of new files of 4 KiB: of these some hundred make a store write back what it has.
    func close(count: Int) throws(Failure) -> Samples {
        let body = [UInt8](repeating: 0x78, count: 4096)
        return try each(count) { path throws(Failure) in
            let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
            guard file >= 0 else { throw Failure(call: "open", on: path) }
            guard write(file, body, body.count) == body.count else { throw Failure(call: "write", on: path) }
            let start = now()
            guard Glibc.close(file) == 0 else { throw Failure(call: "close", on: path) }
            return now() - start
        }
    }

    /// - Parameter of: that many are there, and `count` of them are asked for, in no order.
    func stat(count: Int, of all: Int? = nil) throws(Failure) -> Samples {
        var attributes = Glibc.stat()
        return try each(count, of: all) { path throws(Failure) in
            let start = now()
            guard lstat(path, &attributes) == 0 else { throw Failure(call: "lstat", on: path) }
            return now() - start
        }
    }

    /// open, one read, close.
    func read(count: Int) throws(Failure) -> Samples {
        var buffer = [UInt8](repeating: 0, count: 4096)
        return try each(count) { path throws(Failure) in
            let start = now()
            let file = open(path, O_RDONLY)
            guard file >= 0 else { throw Failure(call: "open", on: path) }
            guard Glibc.read(file, &buffer, buffer.count) == Self.body.count else {
                throw Failure(call: "read", on: path)
            }
            guard Glibc.close(file) == 0 else { throw Failure(call: "close", on: path) }
            return now() - start
        }
    }

    func unlink(count: Int) throws(Failure) -> Samples {
        try each(count) { path throws(Failure) in
            let start = now()
            guard Glibc.unlink(path) == 0 else { throw Failure(call: "unlink", on: path) }
            return now() - start
        }
    }

    private func each(
        _ count: Int, of all: Int? = nil, _ operation: (UnsafePointer<CChar>) throws(Failure) -> UInt64
    ) throws(Failure) -> Samples {
        let path = NumberedPath(directory: directory)
        var places = SplitMix(state: 13)
        var samples = Samples(count: count)
        samples.begin()
        for number in 0..<count {
            let chosen = if let all { Int(places.next() % UInt64(all)) } else { number }
            samples.add(try operation(path.at(chosen)))
        }
        samples.end()
        return samples
    }
}
