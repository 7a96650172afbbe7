public import Persist

/// The far key of one event: `events/<stream>/<ms, 12 hex><count, 4 hex>-<writer, 8 hex>`, in lower case; with `.jsonl`
/// behind it of a segment, which has several, each a line.
///
/// The order of the keys' bytes is that of the events of a stream, as far as clocks agree. The writer's id is in the
/// key: two machines that append at one moment never overwrite each other.
public struct EventKey: Hashable, Sendable {
    /// Where an event stands among those of its stream.
    public struct Position: Hashable, Sendable, Comparable {
        /// Since 1970, at most 48 bits (the year 10889).
        public let milliseconds: UInt64
        /// Of one writer's events of one millisecond.
        public let count: UInt16
        /// Drawn once for each local store.
        public let writer: UInt32

        public static let millisecondsMax: UInt64 = 1 << 48 - 1

        public init(milliseconds: UInt64, count: UInt16, writer: UInt32) {
            precondition(milliseconds <= Self.millisecondsMax)
            self.milliseconds = milliseconds
            self.count = count
            self.writer = writer
        }

        /// The next of this writer at that time: behind this one, also where the clock was set back or stands still.
        public func next(at milliseconds: UInt64) -> Position {
            let now = min(milliseconds, Self.millisecondsMax)
            if now > self.milliseconds { return Position(milliseconds: now, count: 0, writer: writer) }
            if count < .max { return Position(milliseconds: self.milliseconds, count: count + 1, writer: writer) }
            return Position(milliseconds: self.milliseconds + 1, count: 0, writer: writer)
        }

        public static func < (a: Self, b: Self) -> Bool {
            (a.milliseconds, a.count, a.writer) < (b.milliseconds, b.count, b.writer)
        }
    }

    /// As in the key: `a.jsonl` is `a`, `app.log` is `app.log`.
    public let stream: [UInt8]
    public let position: Position
    public let isSegment: Bool

    public init(stream: [UInt8], position: Position, isSegment: Bool = false) {
        self.stream = stream
        self.position = position
        self.isSegment = isSegment
    }

    /// The stream of a path in events/.
    ///
    /// - Parameter storedKey: see `FarKey.content`.
    /// - Returns: nil where no stream's name leads back to the path: the name of no log, or one that is reserved.
    public static func stream(of path: ShownPath, storedKey: [UInt8]? = nil) -> [UInt8]? {
        guard path.namespace == .events, let key = PathNames.key(of: path.names, in: .events) ?? storedKey
        else { return nil }
        let stream = StreamName.stream(ofFile: key)
        return isStream(stream[...]) && StreamName.file(ofStream: stream) == key ? stream : nil
    }

    /// The path of a stream, below events/.
    public static func path(ofStream stream: [UInt8], isPrefix: Bool = false) -> PathNames.Path {
        PathNames.path(of: StreamName.file(ofStream: stream), in: .events, isPrefix: isPrefix)
    }

    func path(isPrefix: Bool) -> PathNames.Path { Self.path(ofStream: stream, isPrefix: isPrefix) }

    // MARK: As a key

    static let prefix = Array("events/".utf8)
    private static let slash = UInt8(ascii: "/")

    /// What all keys of a stream begin with; those of a stream `a/b` begin with `events/a/` too.
    public static func prefix(ofStream stream: [UInt8]) -> StoreKey { StoreKey(prefix + stream + [slash]) }

    public var storeKey: StoreKey {
        StoreKey(
            Self.prefix(ofStream: stream).bytes + Self.hex(position.milliseconds, digits: 12)
                + Self.hex(UInt64(position.count), digits: 4) + [UInt8(ascii: "-")]
                + Self.hex(UInt64(position.writer), digits: 8) + (isSegment ? Self.segmentSuffix : []))
    }

    private static let segmentSuffix = Array(".jsonl".utf8)

    /// What is known to be here of a segment, line by line; by its own key all of it is.
    func lineKey(_ index: Int, of count: Int) -> [UInt8] {
        index == count - 1 ? storeKey.bytes : storeKey.bytes + Array("\n\(index)".utf8)
    }

    /// - Parameter rest: the key behind `events/`; nil where it is no event's.
    init?(below rest: ArraySlice<UInt8>) {
        guard let end = rest.lastIndex(of: Self.slash) else { return nil }
        let stream = rest[..<end]
        var last = rest[(end + 1)...]
        isSegment =
            last.count > Self.segmentSuffix.count && last.suffix(Self.segmentSuffix.count) == Self.segmentSuffix[...]
        if isSegment { last = last.dropLast(Self.segmentSuffix.count) }
        guard last.count == 25, last[last.startIndex + 16] == UInt8(ascii: "-"), Self.isStream(stream),
            let milliseconds = Self.number(last.prefix(12)), let count = Self.number(last.dropFirst(12).prefix(4)),
            let writer = Self.number(last.suffix(8))
        else { return nil }
        self.stream = Array(stream)
        position = Position(milliseconds: milliseconds, count: UInt16(count), writer: UInt32(writer))
    }

    /// A stream is the one that its file leads back to: `a.jsonl` is none, it is `a`; nor is one without a last name.
    private static func isStream(_ stream: ArraySlice<UInt8>) -> Bool {
        let stream = Array(stream)
        guard !stream.isEmpty, stream.last != slash else { return false }
        return StreamName.stream(ofFile: StreamName.file(ofStream: stream)) == stream
    }

    private static func hex(_ value: UInt64, digits: Int) -> [UInt8] {
        stride(from: (digits - 1) * 4, through: 0, by: -4).map { shift in
            let digit = UInt8(value >> UInt64(shift) & 15)
            return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }
}
