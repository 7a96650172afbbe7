/// Where in a local store a key leads.
enum KeyedAddress {
    case value(Namespace, [FileName])
    /// A stream's own key, or with the position of an event in it.
    case stream([FileName], position: UInt64?)

    /// - Throws: `.invalid` without a namespace; `.nameTooLong` where a component is too long to be found again.
    init(_ key: StoreKey) throws(StoreError) {
        let slash = UInt8(ascii: "/")
        guard let end = key.bytes.firstIndex(of: slash), end > 0,
            let namespace = Namespace(name: FileName(unchecked: Array(key.bytes[..<end])))
        else {
            throw StoreError(.invalid, key: key, hint: "a key begins with records/, kv/, blobs/ or events/")
        }
        var rest = Array(key.bytes[(end + 1)...])
        var position: UInt64?
        if namespace == .events {
            if let last = rest.lastIndex(of: slash), let found = Self.position(rest[(last + 1)...]) {
                position = found
                rest.removeSubrange(last...)
            }
            rest = StreamName.file(ofStream: rest)
        }
        let path = PathNames.path(of: rest, in: namespace)
        guard !path.isHashed else {
            throw StoreError(.nameTooLong, key: key, hint: "a part of the key is longer than a file's name can be")
        }
        self = namespace == .events ? .stream(path.names, position: position) : .value(namespace, path.names)
    }

    /// The last component of an event's key: 16 hex digits, so that their order is that of the events.
    static func component(of position: UInt64) -> [UInt8] {
        stride(from: 60, through: 0, by: -4).map { shift in
            let digit = UInt8(position >> UInt64(shift) & 15)
            return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        }
    }

    private static func position(_ component: ArraySlice<UInt8>) -> UInt64? {
        guard component.count == 16, component.allSatisfy(SHA256.isHexDigit) else { return nil }
        return component.reduce(0) { $0 << 4 | UInt64($1 < 0x40 ? $1 & 15 : ($1 & 15) + 9) }
    }
}
