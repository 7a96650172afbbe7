import Glibc

/// A file, whatever its name.
struct FileIdentity: Equatable, Sendable {
    private let device: UInt64
    private let number: UInt64

    init(_ found: stat) {
        device = UInt64(found.st_dev)
        number = UInt64(found.st_ino)
    }

    init?(_ path: String) {
        var found = stat()
        guard stat(path, &found) == 0 else { return nil }
        self.init(found)
    }

    /// One of the descriptors by which this process, that is SQLite, has it open: closing one of our own would let go
    /// of all of SQLite's locks (fcntl(2)). It is SQLite's to close at any time: what is done with it must do no harm to
    /// another file that has its number then.
    /// - Parameter known: the one that it was, or -1.
    /// - Returns: -1 where there is none.
    func descriptor(_ known: Int32) -> Int32 {
        if known >= 0, isOpen(as: known) { return known }
        guard let directory = opendir("/proc/self/fd") else { return -1 }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { $0.prefix { $0 != 0 }.map { $0 } }
            if let number = Int32(String(decoding: name, as: UTF8.self)), isOpen(as: number) { return number }
        }
        return -1
    }

    private func isOpen(as descriptor: Int32) -> Bool {
        var found = stat()
        return fstat(descriptor, &found) == 0 && FileIdentity(found) == self
    }
}
