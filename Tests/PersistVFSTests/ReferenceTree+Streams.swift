import Persist

/// Logs of events/, opened with O_APPEND (R8).
extension ReferenceTree {
    static let lineBytesMax = 1 << 20
    private static let newline = UInt8(ascii: "\n")

    /// - Returns: how many of the bytes are taken; nil where the line before them, with them, is refused.
    func append(_ file: File, _ handle: Int, _ bytes: [UInt8]) -> (taken: Int, refused: StoreError.Kind?) {
        let waiting = file.handles[handle]!.tail
        let all = waiting + bytes
        // What is refused takes along what it was to finish.
        file.handles[handle]!.tail = []
        guard let last = all.lastIndex(of: Self.newline) else {
            guard all.count <= Self.lineBytesMax else { return (0, .tooLarge) }
            file.handles[handle]!.tail = all
            return (bytes.count, nil)
        }
        let accepted = accept(file, Array(all[...last]))
        guard accepted > 0 else { return (0, .rejected) }
        file.handles[handle]!.tail = accepted > last ? Array(all[(last + 1)...]) : []
        return (accepted > last ? bytes.count : max(0, accepted - waiting.count), nil)
    }

    func flushStream(_ file: File, _ handle: Int) -> StoreError.Kind? {
        materialize(file)
        let tail = file.handles[handle]!.tail
        return tail.isEmpty || isLine(tail, of: file.path) ? nil : .rejected
    }

    /// RELEASE joins the unfinished line, or gives it up.
    func finishTail(_ file: File, _ handle: Int) {
        let tail = file.handles[handle]!.tail
        if !tail.isEmpty { _ = accept(file, tail) }
    }

    /// Over a log comes a file that begins with what is there: the rest is appended, and the log stays.
    mutating func moveOverStream(_ file: File, _ target: File?, _ to: String) -> StoreError.Kind? {
        let (bytes, there) = (file.published!, target?.visible ?? [])
        guard bytes.starts(with: there) else { return .notPermitted }
        let known = there.lastIndex(of: Self.newline).map { $0 + 1 } ?? 0
        if bytes.count > there.count || target == nil {
            guard lines(bytes[known...]).allSatisfy({ isLine($0, of: to) }) else { return .rejected }
        }
        guard let target else { return nil }
        target.published = bytes
        files[file.path] = nil
        file.isUnlinked = true
        return nil
    }

    // MARK: Inside

    /// The lines before the first that is refused go in. - Returns: how many bytes they have.
    private func accept(_ file: File, _ bytes: [UInt8]) -> Int {
        let good = lines(bytes[...]).prefix { isLine($0, of: file.path) }
        let accepted = good.reduce(0) { $0 + $1.count }
        guard accepted > 0, !file.isUnlinked else { return accepted }
        materialize(file)
        if let last = file.published!.last, last != Self.newline { file.published!.append(Self.newline) }
        file.published! += bytes.prefix(accepted)
        file.isNew = false
        return accepted
    }

    private func isLine(_ line: some BidirectionalCollection<UInt8>, of path: String) -> Bool {
        !path.hasSuffix(".jsonl")
            || JSONScanner.check(Array(line.last == Self.newline ? Array(line.dropLast()) : Array(line))) == nil
    }

    /// Each with its newline; the last may have none.
    private func lines(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var rest = bytes
        while let end = rest.firstIndex(of: Self.newline) {
            lines.append(rest[...end])
            rest = rest[(end + 1)...]
        }
        return rest.isEmpty ? lines : lines + [rest]
    }
}
