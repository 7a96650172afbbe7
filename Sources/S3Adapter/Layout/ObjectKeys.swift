internal import Persist

/// Under which object a value of four-method adapters lies, and back (ADAPTER-KEYS.md).
///
/// `records/<key>` is the object `<prefix>records/<key>.json`, so that other tools see what it is; all other keys are the
/// objects' own, below the prefix. Names of objects are UTF-8: a key that is not is its `KeyText`. An object whose name ends
/// with `/` is a directory to servers and tools: a key that ends so, or in `/` and then `%`, gets one `%` more.
struct ObjectKeys: Sendable, Equatable {
    /// Empty, or ends with `/`.
    let prefix: [UInt8]

    static let records = Array("records/".utf8)
    static let suffix = Array(".json".utf8)
    static let percent = UInt8(ascii: "%")
    /// S3 takes no longer names.
    static let bytesMax = 1_024

    init(prefix: String) {
        let bytes = Array(prefix.utf8)
        self.prefix = bytes.isEmpty || bytes.last == UInt8(ascii: "/") ? bytes : bytes + [UInt8(ascii: "/")]
    }

    /// - Throws: `.nameTooLong`.
    func object(of key: StoreKey) throws(StoreError) -> [UInt8] {
        let text = KeyText.text(of: key.bytes)
        let object = prefix + text + Self.suffix(of: text[...])
        guard object.count <= Self.bytesMax else {
            throw StoreError(
                .nameTooLong, key: key, hint: "the name is longer than S3 takes (\(Self.bytesMax) bytes)")
        }
        return object
    }

    /// What all objects begin with whose keys begin with `prefix`; some of them may have other keys.
    func objectPrefix(of prefix: StoreKey) -> [UInt8] { self.prefix + KeyText.text(of: prefix.bytes) }

    /// The name of an object without the prefix of the store.
    func text(of object: [UInt8]) -> ArraySlice<UInt8> { object.dropFirst(prefix.count) }

    /// What the name of an object has behind the text of its key.
    static func suffix(of text: ArraySlice<UInt8>) -> [UInt8] {
        if text.starts(with: records) { return suffix }
        return endsWithoutName(text) ? [percent] : []
    }

    private static func endsWithoutName(_ text: ArraySlice<UInt8>) -> Bool {
        let last = text.last { $0 != percent }
        return last == nil || last == UInt8(ascii: "/")
    }

    /// Of an object that says nothing, to try things with. No key leads to it.
    var probe: [UInt8] { prefix + Array(".persist/probe".utf8) }

    /// What objects begin with that are put to see which names there are. No key leads to them.
    var names: [UInt8] { prefix + Array(".persist/names/".utf8) }

    /// What the objects of the index begin with. No key leads to them.
    var index: [UInt8] { prefix + Array(".persist/index/".utf8) }

    /// nil: an object that stands for no value.
    func key(of object: [UInt8]) -> StoreKey? {
        guard object.starts(with: prefix), object != probe, !object.starts(with: index) else { return nil }
        var text = Array(text(of: object))
        if text.starts(with: Self.records) {
            // Below records/ all values end so; `.json` alone is the empty key.
            guard text.count >= Self.records.count + Self.suffix.count, text.hasSuffix(Self.suffix) else { return nil }
            text.removeLast(Self.suffix.count)
        } else if text.isEmpty || text.last == UInt8(ascii: "/") {
            // See `directory(of:)`.
            return nil
        } else if text.last == Self.percent, Self.endsWithoutName(text[...]) {
            text.removeLast()
        }
        return StoreKey(KeyText.key(of: text))
    }
}

extension [UInt8] {
    func hasSuffix(_ suffix: [UInt8]) -> Bool {
        count >= suffix.count && self[(count - suffix.count)...].elementsEqual(suffix)
    }
}
