import Persist
import SQLiteStore

/// The side data of a node as it is to be sent: with the value where the adapter can do that, else under its own key.
struct Side: Sendable {
    /// What goes with the value.
    let carried: ValueAttributes?
    /// Where the rest goes, or all of it; nil: all goes with the value.
    let key: [UInt8]?
    /// As `FarRecord.meta` has it.
    let encoded: [UInt8]

    init(of snapshot: OutboxSnapshot, _ node: Node, by far: FarSide) {
        let isValue = node.kind == .file && !node.isStream
        carried = isValue ? far.carried(of: snapshot.meta(isDescribed: false)) : nil
        if let carried, !carried.hasMore {
            key = nil
            encoded = carried.meta
        } else {
            key = FarKey.meta(of: snapshot.shown, node.kind, as: node.nameClass).storeKey.bytes
            encoded = snapshot.meta(isDescribed: !snapshot.isLong).encoded()
        }
    }
}
