internal import Glibc
internal import Linux
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
            try replaceFile()
            said = "replaced by yours: \(file)"
        case .both:
            try makeDirectories()
            said = "kept both: \(file)\n           \(ShownText.line(try addFile()))"
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

    /// What the other side has removed with all that was around it is made again.
    private func makeDirectories() throws(MountFailure) {
        let mount = filePath.count - name.path.count
        for index in filePath.indices where index > mount && filePath[index] == UInt8(ascii: "/") {
            let directory = Array(filePath[..<index])
            guard mkdir(Self.cString(directory), 0o755) == 0 || errno == EEXIST else { throw Self.failure(directory) }
        }
    }

    static func cString(_ path: [UInt8]) -> [CChar] { path.map { CChar(bitPattern: $0) } + [0] }

    static func failure(_ path: [UInt8]) -> MountFailure {
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
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        Spawn.clearSignals(&attributes)
        let pid = try Spawn.start("diff", bytes: arguments, actions: &actions, attributes: &attributes)
        let status = Spawn.wait(for: pid)
        // Of SIGPIPE: whoever reads has had enough.
        guard status < 2 || status == 128 + SIGPIPE else {
            throw MountFailure("diff", "ended with status \(status)", status: .failed)
        }
    }
}
