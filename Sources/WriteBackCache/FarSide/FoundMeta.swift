import Persist

/// Side data of a far side, read once.
struct FoundMeta {
    /// As it lies there.
    let bytes: [UInt8]
    /// What it says; what cannot be understood counts as none.
    let meta: FarMeta
    /// As `FarMeta.encoded` gives it, whatever a host has made of it.
    let canonical: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        meta = FarMeta(decoding: bytes)
        canonical = FarMeta.canonical(bytes)
    }

    /// What lies with a value.
    init(_ attributes: ValueAttributes) {
        var meta = FarMeta(attributes)
        bytes = meta.encoded()
        canonical = bytes
        // An adapter may give the type of the file too.
        meta.mode = meta.mode.map { $0 & 0o7777 }
        self.meta = meta
    }
}
