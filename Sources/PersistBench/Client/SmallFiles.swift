internal import Glibc

/// Files of 100 bytes, one operation after another, as the programs that people use do them.
struct SmallFiles {
    let directory: String
    let count: Int

    /// A document, so that it may be a record.
    private static let body: [UInt8] = {
        let head = Array(#"{"name": "somebody", "text": ""#.utf8)
        let tail = Array("\"}\n".utf8)
        return head + [UInt8](repeating: 0x78, count: 100 - head.count - tail.count) + tail
    }()

    /// open with O_CREAT, one write, close.
    func create(synced: Bool) throws(Failure) -> Samples {
        let path = NumberedPath(directory: directory)
        let body = Self.body
        var samples = Samples(count: count)
        samples.begin()
        for number in 0..<count {
            let start = now()
            let file = open(path.at(number), O_WRONLY | O_CREAT | O_EXCL, 0o644)
            guard file >= 0 else { throw Failure(call: "open", on: path.text(number)) }
            guard write(file, body, body.count) == body.count else {
                throw Failure(call: "write", on: path.text(number))
            }
            if synced, fsync(file) != 0 { throw Failure(call: "fsync", on: path.text(number)) }
            guard close(file) == 0 else { throw Failure(call: "close", on: path.text(number)) }
            samples.add(now() - start)
        }
        samples.end()
        return samples
    }

    func stat() throws(Failure) -> Samples {
        let path = NumberedPath(directory: directory)
        var samples = Samples(count: count)
        var attributes = Glibc.stat()
        samples.begin()
        for number in 0..<count {
            let start = now()
            guard lstat(path.at(number), &attributes) == 0 else { throw Failure(call: "lstat", on: path.text(number)) }
            samples.add(now() - start)
        }
        samples.end()
        return samples
    }

    /// open, one read, close.
    func read() throws(Failure) -> Samples {
        let path = NumberedPath(directory: directory)
        var buffer = [UInt8](repeating: 0, count: 4096)
        var samples = Samples(count: count)
        samples.begin()
        for number in 0..<count {
            let start = now()
            let file = open(path.at(number), O_RDONLY)
            guard file >= 0 else { throw Failure(call: "open", on: path.text(number)) }
            let bytes = Glibc.read(file, &buffer, buffer.count)
            guard bytes == Self.body.count else { throw Failure(call: "read", on: path.text(number)) }
            guard close(file) == 0 else { throw Failure(call: "close", on: path.text(number)) }
            samples.add(now() - start)
        }
        samples.end()
        return samples
    }

    func unlink() throws(Failure) -> Samples {
        let path = NumberedPath(directory: directory)
        var samples = Samples(count: count)
        samples.begin()
        for number in 0..<count {
            let start = now()
            guard Glibc.unlink(path.at(number)) == 0 else { throw Failure(call: "unlink", on: path.text(number)) }
            samples.add(now() - start)
        }
        samples.end()
        return samples
    }
}
