internal import Glibc

/// Logs that only grow, and files that are made durable again and again.
struct Logs {
    let directory: String
    let writers: Int

    /// 100 bytes, with its end.
    private static let line: [UInt8] = {
        let head = Array(#"{"event": "something happened", "text": ""#.utf8)
        let tail = Array("\"}\n".utf8)
        return head + [UInt8](repeating: 0x79, count: 100 - head.count - tail.count) + tail
    }()

    /// `lines` lines in all, with O_APPEND and one write each; all writers into one of `streams` logs in turn.
    func append(lines: Int, streams: Int) throws(Failure) -> Samples {
        let each = lines / writers
        let samples = try Writers.run(writers) { [directory] number throws(Failure) in
            try Self.repeated(
                "\(directory)/log\(number % streams).jsonl", O_WRONLY | O_CREAT | O_APPEND, each, synced: false)
        }
        for stream in 0..<streams {
            let path = "\(directory)/log\(stream).jsonl"
            var attributes = Glibc.stat()
            guard lstat(path, &attributes) == 0 else { throw Failure(call: "lstat", on: path) }
            let wanted = (0..<writers).count { $0 % streams == stream } * each * Self.line.count
            guard attributes.st_size == wanted else {
                throw Failure("\(path): \(attributes.st_size) bytes where \(wanted) were appended")
            }
        }
        return samples
    }

    /// One write and one fsync, `count` times in all; each writer its own file.
    func synced(count: Int) throws(Failure) -> Samples {
        let each = count / writers
        return try Writers.run(writers) { [directory] number throws(Failure) in
            try Self.repeated("\(directory)/synced\(number)", O_WRONLY | O_CREAT, each, synced: true)
        }
    }

    private static func repeated(
        _ path: String, _ flags: Int32, _ count: Int, synced: Bool
    ) throws(Failure) -> Samples {
        let file = open(path, flags, 0o644)
        guard file >= 0 else { throw Failure(call: "open", on: path) }
        let line = Self.line
        var samples = Samples(count: count)
        for _ in 0..<count {
            let start = now()
            guard write(file, line, line.count) == line.count else { throw Failure(call: "write", on: path) }
            if synced, fsync(file) != 0 { throw Failure(call: "fsync", on: path) }
            samples.add(now() - start)
        }
        guard close(file) == 0 else { throw Failure(call: "close", on: path) }
        return samples
    }
}
