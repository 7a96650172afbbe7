public import Persist

/// A write(2) to a log, with its bytes: what may wait for others of its kind.
public struct LogWrite: Sendable {
    let node: NodeID
    let handle: UInt64
    let offset: UInt64
    let bytes: [UInt8]
    let caller: Caller

    public var byteCount: Int { bytes.count }

    public init(node: NodeID, handle: UInt64, offset: UInt64, bytes: [UInt8], caller: Caller) {
        self.node = node
        self.handle = handle
        self.offset = offset
        self.bytes = bytes
        self.caller = caller
    }
}
