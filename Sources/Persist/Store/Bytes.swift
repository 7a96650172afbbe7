// Bulk copies between spans and arrays. The standard library has no safe ones yet (a loop over single bytes is
// several times slower): these few lines are the only unsafe code of this floor and the filesystem's.

extension Array where Element == UInt8 {
    public init(_ bytes: RawSpan) {
        self = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }

    /// What `fill` appends, at most `capacity` bytes.
    public init<E: Error>(capacity: Int, filledBy fill: (inout OutputRawSpan) throws(E) -> Void) throws(E) {
        self = unsafe try Array(unsafeUninitializedCapacity: capacity) {
            (buffer: inout UnsafeMutableBufferPointer<UInt8>, count: inout Int) throws(E) in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            var span = unsafe OutputRawSpan(buffer: raw, initializedCount: 0)
            do throws(E) {
                try fill(&span)
            } catch {
                count = unsafe span.finalize(for: raw)
                throw error
            }
            count = unsafe span.finalize(for: raw)
        }
    }

    /// Runs `body` on the bytes where they lie.
    public func withRawSpan<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        unsafe try body(span.bytes)
    }

    public mutating func append(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }

    /// Overwrites the bytes from `offset` on; they must be there.
    public mutating func replace(at offset: Int, with bytes: RawSpan) {
        precondition(offset >= 0 && offset + bytes.byteCount <= count)
        unsafe self.withUnsafeMutableBytes { target in
            unsafe bytes.withUnsafeBytes { source in
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: source)
            }
        }
    }
}

extension OutputRawSpan {
    /// Appends bytes; there must be room.
    public mutating func append(_ bytes: ArraySlice<UInt8>) {
        precondition(bytes.count <= freeCapacity)
        unsafe withUnsafeMutableBytes { (target: UnsafeMutableRawBufferPointer, count: inout Int) in
            unsafe bytes.withUnsafeBytes { source in
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[count...]).copyMemory(from: source)
            }
            count += bytes.count
        }
    }

    /// Appends zeros; there must be room.
    public mutating func append(zeros: Int) {
        precondition(zeros <= freeCapacity)
        unsafe withUnsafeMutableBytes { (target: UnsafeMutableRawBufferPointer, count: inout Int) in
            for index in count..<(count + zeros) { unsafe target[index] = 0 }
            count += zeros
        }
    }
}
