import Glibc
internal import Persist
import Synchronization

/// Where the store's file is while it is open: a file can be moved, removed or replaced under the programs that have
/// it open, which go on with the one they know (sqlite.org/howtocorrupt.html, section 4).
///
/// Seen through a descriptor that SQLite has open: closing one of our own would let go of all locks (fcntl(2)).
final class Whereabouts: Sendable {
    enum Place: Equatable, Sendable {
        case inPlace
        /// Under another name, or its directory is.
        case moved(String)
        /// No name leads to it; another file may have the old one.
        case gone(isReplaced: Bool)
    }

    private let path: String
    private let file: FileIdentity?
    /// What lies beside it, by the end of its name.
    private let companions: [(suffix: String, identity: FileIdentity)]
    private let state: Mutex<(place: Place, descriptor: Int32)>

    /// With all connections open.
    init(path: String) {
        self.path = path
        file = FileIdentity(path)
        companions = ["-wal", "-shm", "-lock", "-reserve"].compactMap { suffix in
            FileIdentity(path + suffix).map { (suffix, $0) }
        }
        state = Mutex((.inPlace, -1))
    }

    /// As of the last look.
    var place: Place { state.withLock { $0.place } }

    /// Costs one stat(2) while all is well. - Returns: the place, where it is another than before.
    func look() -> Place? {
        guard let file else { return nil }
        return state.withLock { state in
            let there = FileIdentity(path)
            let place: Place
            if there == file {
                place = .inPlace
            } else {
                state.descriptor = file.descriptor(state.descriptor)
                place = Self.place(of: state.descriptor, isReplaced: there != nil) ?? state.place
            }
            defer { state.place = place }
            return place == state.place ? nil : place
        }
    }

    private static func place(of descriptor: Int32, isReplaced: Bool) -> Place? {
        var found = stat()
        guard descriptor >= 0, fstat(descriptor, &found) == 0 else { return nil }
        guard found.st_nlink > 0 else { return .gone(isReplaced: isReplaced) }
        var link = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/fd/\(descriptor)", &link, link.count)
        guard count > 0 else { return nil }
        return .moved(String(decoding: link[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    /// What is free on its disk, wherever it is.
    func freeBytes() -> UInt64 {
        var disk = statvfs()
        if statvfs(path, &disk) == 0 { return UInt64(disk.f_bavail) * UInt64(disk.f_frsize) }
        let descriptor = state.withLock { $0.descriptor }
        guard descriptor >= 0, fstatvfs(descriptor, &disk) == 0 else { return 0 }
        return UInt64(disk.f_bavail) * UInt64(disk.f_frsize)
    }

    /// Takes away what was made beside the store, under its old name or its new one, and nothing else: a WAL that is
    /// left beside another database would be taken for that one's.
    func removeCompanions() {
        var stems = [path]
        if case .moved(let new) = place { stems.append(new) }
        for stem in stems {
            for companion in companions where FileIdentity(stem + companion.suffix) == companion.identity {
                unlink(stem + companion.suffix)
            }
        }
    }

    /// Where what is in a file without a name can be saved: beside it, else where temporary files survive a restart.
    func rescueTargets() -> [String] {
        let name = Location.split(path).name
        return ["\(path).rescued", "/var/tmp/\(name).rescued"].map { stem in
            var target = stem
            var number = 1
            while access(target, F_OK) == 0 {
                number += 1
                target = "\(stem)-\(number)"
            }
            return target
        }
    }
}
