internal import Glibc
internal import Persist

extension Conflict {
    /// Ends the conflict. The copy goes last: whatever fails before that, nothing is lost.
    ///
    /// - Returns: a line for a person.
    /// - Throws: `.failed`; the copy is still there.
    public func keep(_ keeping: Keeping) throws(MountFailure) -> String {
        let file = ShownText.line(filePath)
        var said = "kept as it is: \(file)"
        switch keeping {
        case .theirs: break
        case .mine:
            try makeDirectories()
            try copy(to: filePath, flags: O_TRUNC | O_NOFOLLOW)
            said = "replaced by yours: \(file)"
        case .both:
            try makeDirectories()
            said = "kept both: \(file)\n           \(ShownText.line(try copyBeside()))"
        }
        guard unlink(Self.cString(copyPath)) == 0 else { throw Self.failure(copyPath) }
        return said
    }

    /// A name of its own, with host and time before its extension: of a record it must end as one.
    ///
    /// - Parameter number: from 1 on, where that is taken.
    func nameBeside(_ number: Int) -> [UInt8] {
        let slash = name.path.lastIndex(of: UInt8(ascii: "/")) ?? 0
        let last = name.path[(slash + 1)...]
        var dot = last.dropFirst().lastIndex(of: UInt8(ascii: ".")) ?? last.endIndex
        // Behind such a dot is no extension.
        if last.endIndex - dot > 32 { dot = last.endIndex }
        let mark = ConflictName(path: [], host: name.host, stamp: name.stamp, number: number).bytes
        var stem = Array(last[..<dot])
        let end = mark + last[dot...]
        let room = max(0, FileName.bytesMax - end.count)
        if stem.count > room {
            // Not within a character.
            let cut = stem[...room].lastIndex { $0 & 0xc0 != 0x80 } ?? 0
            stem.removeSubrange(cut...)
        }
        return stem + end
    }

    private func copyBeside() throws(MountFailure) -> [UInt8] {
        let slash = filePath.lastIndex(of: UInt8(ascii: "/")) ?? 0
        var number = name.number
        while true {
            let path = filePath[...slash] + nameBeside(number)
            do throws(MountFailure) {
                try copy(to: Array(path), flags: O_EXCL)
                return Array(path)
            } catch {
                guard error.why == errorText(EEXIST), number < 1_000 else { throw error }
                number += 1
            }
        }
    }

    /// What the other side has removed with all that was around it is made again.
    private func makeDirectories() throws(MountFailure) {
        let mount = filePath.count - name.path.count
        for index in filePath.indices where index > mount && filePath[index] == UInt8(ascii: "/") {
            let directory = Array(filePath[..<index])
            guard mkdir(Self.cString(directory), 0o755) == 0 || errno == EEXIST else { throw Self.failure(directory) }
        }
    }

    /// Whole: a value is published by close, which says whether it was.
    private func copy(to path: [UInt8], flags: Int32) throws(MountFailure) {
        let source = open(Self.cString(copyPath), O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw Self.failure(copyPath) }
        defer { close(source) }
        let target = open(Self.cString(path), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0o644)
        guard target >= 0 else { throw Self.failure(path) }
        var part = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(source, &part, part.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let failure: MountFailure? = count < 0 ? Self.failure(copyPath) : nil
                let isClosed = close(target) == 0
                if let failure { throw failure }
                if !isClosed { throw Self.failure(path) }
                return
            }
            guard writeAll(target, Array(part[..<count])) else {
                let failure = Self.failure(path)
                close(target)
                throw failure
            }
        }
    }

    private static func cString(_ path: [UInt8]) -> [CChar] { path.map { CChar(bitPattern: $0) } + [0] }

    private static func failure(_ path: [UInt8]) -> MountFailure {
        MountFailure(ShownText.line(path), errorText(errno), status: .failed)
    }
}

extension Conflict {
    /// Shows how the copy differs from what stands under the name, by diff(1), on this process's standard output.
    ///
    /// - Throws: `.failed` where there is no diff(1), or it has trouble.
    public func showDifference() throws(MountFailure) {
        let isThere = access(Self.cString(filePath), F_OK) == 0
        let file = ShownText.line(filePath)
        let arguments: [[UInt8]] = [
            Array("diff".utf8), Array("-u".utf8),
            Array("-L".utf8), Array((isThere ? "theirs: \(file)" : "theirs: removed").utf8),
            Array("-L".utf8),
            Array("mine: \(file) (\(ShownText.line(name.host)), \(time))".utf8), Array("--".utf8),
            isThere ? filePath : Array("/dev/null".utf8), copyPath,
        ]
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let pid = try Spawn.start("diff", bytes: arguments, actions: &actions, attributes: nil)
        let status = Spawn.wait(for: pid)
        guard status < 2 else { throw MountFailure("diff", "ended with status \(status)", status: .failed) }
    }
}
