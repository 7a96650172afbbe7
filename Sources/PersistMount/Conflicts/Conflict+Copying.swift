internal import CLinux
internal import Glibc
internal import Persist

/// The copy gets a name: at once and whole, whatever ends the command in between (R3). It is written under a temporary
/// name beside that, which then becomes the other.
extension Conflict {
    /// The file gets what the copy holds; it keeps mode, owner and attributes.
    func replaceFile() throws(MountFailure) {
        let temporary = try makeTemporary()
        guard rename(Self.cString(temporary), Self.cString(filePath)) == 0 else {
            throw Self.failure(filePath, without: temporary)
        }
    }

    /// - Returns: the path of a new file, beside the other, which is read by nobody who may not read that one.
    func addFile() throws(MountFailure) -> [UInt8] {
        let temporary = try makeTemporary()
        let slash = filePath.lastIndex(of: UInt8(ascii: "/")) ?? 0
        for number in name.number..<name.number + 1_000 {
            let path = filePath[...slash] + nameBeside(number)
            errno = clinux_rename_new(Self.cString(temporary), Self.cString(Array(path)))
            if errno == 0 { return Array(path) }
            guard errno == EEXIST else { break }
        }
        throw Self.failure(filePath, without: temporary)
    }

    /// A file with all that the copy holds, which no other program writes.
    private func makeTemporary() throws(MountFailure) -> [UInt8] {
        let source = open(Self.cString(copyPath), O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw Self.failure(copyPath) }
        defer { close(source) }
        let (path, target) = try openTemporary()
        takeAttributes(target)
        let problem = Self.copy(source, to: target)
        let number = errno
        // close says whether all was taken.
        let isClosed = close(target) == 0
        if let problem {
            errno = number
            throw Self.failure(problem == .reading ? copyPath : filePath, without: path)
        }
        guard isClosed else { throw Self.failure(filePath, without: path) }
        return path
    }

    /// `.NAME.XXXXXX`, as rsync's: it is sent nowhere.
    private func openTemporary() throws(MountFailure) -> (path: [UInt8], descriptor: Int32) {
        let slash = filePath.lastIndex(of: UInt8(ascii: "/")) ?? 0
        let characters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        var stem = filePath[(slash + 1)...]
        let room = FileName.bytesMax - 8
        if stem.count > room {
            // Not within a character.
            let end = stem.startIndex + room
            stem = stem[..<(stem[...end].lastIndex { $0 & 0xc0 != 0x80 } ?? stem.startIndex)]
        }
        while true {
            let mark = (0..<6).map { _ in characters[Int.random(in: characters.indices)] }
            let path = filePath[...slash] + [UInt8(ascii: ".")] + stem + [UInt8(ascii: ".")] + mark
            let descriptor = open(
                Self.cString(Array(path)), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            if descriptor >= 0 { return (Array(path), descriptor) }
            guard errno == EEXIST else { throw Self.failure(filePath) }
        }
    }

    /// Of the file under the name; where there is none, only its owner reads it.
    private func takeAttributes(_ target: Int32) {
        var found = stat()
        guard lstat(Self.cString(filePath), &found) == 0, found.st_mode & S_IFMT == S_IFREG else { return }
        // Of somebody else's, who cannot be given the new one, no group learns of it either.
        let isOwned = fchown(target, found.st_uid, found.st_gid) == 0
        _ = fchmod(target, found.st_mode & (isOwned ? 0o777 : 0o700))
        let path = Self.cString(filePath)
        var names = [CChar](repeating: 0, count: 64 << 10)
        let count = llistxattr(path, &names, names.count)
        for name in names.prefix(max(0, count)).split(separator: 0) {
            var value = [UInt8](repeating: 0, count: 64 << 10)
            let bytes = lgetxattr(path, Array(name) + [0], &value, value.count)
            if bytes >= 0 { _ = fsetxattr(target, Array(name) + [0], value, bytes, 0) }
        }
    }

    private enum Problem { case reading, writing }

    /// - Returns: nil, or where it failed, with errno.
    private static func copy(_ source: Int32, to target: Int32) -> Problem? {
        var part = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(source, &part, part.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return .reading }
            guard count > 0 else { return nil }
            guard writeAll(target, Array(part[..<count])) else { return .writing }
        }
    }

    private static func failure(_ path: [UInt8], without temporary: [UInt8]) -> MountFailure {
        let failure = failure(path)
        unlink(cString(temporary))
        return failure
    }
}
