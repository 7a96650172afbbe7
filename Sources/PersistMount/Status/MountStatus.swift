internal import FoundationEssentials
internal import Glibc
internal import Linux

/// What `.persist/status.json` says: written by the mount, read by `persistfs status`.
///
/// Holds no secret. Paths are texts as of `ShownText`.
public struct MountStatus: Codable, Sendable {
    public struct Store: Codable, Sendable {
        public var adapter: String
        public var path: String
        public var id: String
        public var bytesUsed: UInt64
        public var bytesFree: UInt64
        public var files: UInt64
        public var mounts: [Presence]
        /// Where the file was moved to while mounted.
        public var movedTo: String?
        /// It was removed or replaced while mounted: where what it holds is saved when it is unmounted.
        public var rescue: String?
    }

    /// A process that has the store open.
    public struct Presence: Codable, Sendable {
        public var pid: Int32
        public var host: String
        public var since: String
        public var isThisMount: Bool
    }

    /// A rejected document or line, or the losing side of a conflict.
    public struct Kept: Codable, Sendable {
        public var path: String
        public var bytes: UInt64
        public var since: String
        public var words: String
    }

    public struct Bound: Codable, Sendable {
        /// The option that sets it.
        public var name: String
        public var value: UInt64
        /// What a program gets that reaches it.
        public var error: String
    }

    public struct LoggedLine: Codable, Sendable {
        public var time: String
        public var line: String
    }

    public var version: String
    public var pid: Int32
    public var mountPoint: String
    public var since: String
    public var isReadOnly: Bool
    public var log: String
    /// Where the process leaves its last status, if something is left or lost at its end. nil: there is no place for it.
    public var endNote: String?
    /// The directory has been unmounted, and the process still sends what was written. nil: it has not.
    public var isUnmounted: Bool?
    public var store: Store
    /// Of a store with a far side.
    public var far: Far?
    public var can: [String]
    public var cannot: [String]
    public var bounds: [Bound]
    public var rejected: [Kept]
    public var conflicts: [Kept]
    /// The last refusals and failures, oldest first.
    public var lastErrors: [LoggedLine]
    /// What the user should know: an affected SQLite version, a reader that pins the log, no room for the reserve.
    public var notes: [String]

    public var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { return Array("{}\n".utf8) }
        return Array(data) + [UInt8(ascii: "\n")]
    }

    public static let name = ".persist/status.json"

    /// Asks the mount at `path`, for at most `seconds`: a mount that hangs must not hang who asks.
    ///
    /// - Throws: `.failed` with what happened instead of an answer.
    public static func read(at path: String, seconds: Int = 10) throws(MountFailure) -> MountStatus {
        let file = (path == "/" ? "" : path) + "/" + name
        let answer = Deadline.ask(seconds: seconds) { () -> Read in
            let bytes = readWhole(file)
            return Read(bytes: bytes, errno: errno)
        }
        guard let answer else { throw noAnswer(at: path) }
        guard let bytes = answer.bytes else {
            throw MountFailure(ShownText.line(path), errorText(answer.errno), status: .failed)
        }
        guard let status = try? JSONDecoder().decode(MountStatus.self, from: Data(bytes)) else {
            throw MountFailure(
                ShownText.line(file), "is in a form that this version does not read", status: .failed)
        }
        return status
    }

    static func noAnswer(at path: String) -> MountFailure {
        MountFailure(
            ShownText.line(path), "does not answer" + (DaemonSearch.words(at: path).map { " (\($0))" } ?? ""),
            hint: "To take it away: umount -l", status: .busy)
    }

    private struct Read: Sendable {
        var bytes: [UInt8]?
        var errno: Int32
    }
}
