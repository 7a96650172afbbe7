import Glibc
internal import Persist

/// Where a read puts its bytes: the caller's buffer, as a pointer that does not outlive the call.
struct ByteSink {
    private let start: UnsafeMutableRawPointer?
    let room: Int
    private(set) var count = 0

    init(_ buffer: UnsafeMutableRawBufferPointer) {
        start = buffer.baseAddress
        room = buffer.count
    }

    var free: Int { room - count }

    /// As many as there is room for.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        let taken = min(bytes.count, free)
        guard taken > 0, let start, let from = bytes.baseAddress else { return }
        memcpy(start + count, from, taken)
        count += taken
    }

    /// Exactly `wanted` more, from `offset` on; zeros where there are none.
    mutating func append(_ bytes: UnsafeRawBufferPointer, from offset: Int, _ wanted: Int) {
        let first = min(offset, bytes.count)
        let last = min(first + wanted, bytes.count)
        append(UnsafeRawBufferPointer(rebasing: bytes[first..<last]))
        appendZeros(wanted - (last - first))
    }

    mutating func append(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { append($0) } }

    /// Exactly `bytes` more, for which there is room, written by `write` itself.
    mutating func fill(_ bytes: Int, _ write: (UnsafeMutableRawPointer) -> Int32) -> Int32 {
        precondition(bytes <= free)
        guard bytes > 0, let start else { return 0 }
        let result = write(start + count)
        if result == 0 { count += bytes }
        return result
    }

    /// The same with `read`, which writes all of them or throws.
    mutating func fill(
        _ bytes: Int, _ read: (UnsafeMutableRawBufferPointer) throws(StoreError) -> Void
    ) throws(StoreError) {
        precondition(bytes <= free)
        guard bytes > 0, let start else { return }
        try read(UnsafeMutableRawBufferPointer(start: start + count, count: bytes))
        count += bytes
    }

    /// Over bytes that are there.
    func replace(at offset: Int, with bytes: UnsafeRawBufferPointer) {
        precondition(offset + bytes.count <= count)
        if let start, let from = bytes.baseAddress { memcpy(start + offset, from, bytes.count) }
    }

    mutating func appendZeros(_ wanted: Int) {
        let taken = min(wanted, free)
        guard taken > 0, let start else { return }
        memset(start + count, 0, taken)
        count += taken
    }
}

extension ByteSink {
    /// Collects what `read` gives, at most `bytes`.
    static func collect<E: Error>(
        _ bytes: Int, _ read: (inout ByteSink) throws(E) -> Void
    ) throws(E) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 16)
        defer { buffer.deallocate() }
        var sink = ByteSink(buffer)
        try read(&sink)
        return Array(UnsafeRawBufferPointer(rebasing: buffer[..<sink.count]))
    }
}
