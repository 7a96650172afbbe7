internal import Persist

/// One line of the child's output.
struct Answer: Sendable {
    enum Content: Sendable {
        /// The JSON text of `result`, checked, where it is no object: `true`, `null`, whatever.
        case done(ArraySlice<UInt8>)
        case value(ValueText)
        case failure(code: Int32, message: String)
        /// One of any number, before the result of `list`.
        case item(key: StoreKey, ValueText)
    }

    /// The request that it belongs to.
    let id: UInt64
    let content: Content

    /// Why a line is no answer: the child does not speak the protocol.
    struct Unreadable: Error {
        let reason: String

        init(_ reason: String) { self.reason = reason }
    }

    init(line: [UInt8]) throws(Unreadable) {
        let members = try Self.members(line[...], "is no JSON object")
        if let error = members["error"], !error.elementsEqual("null".utf8) {
            guard members.checkValues(but: "error") else { throw Unreadable("is no JSON") }
            content = try Self.failure(error)
            guard let id = members["id"], let id = Self.id(id) else {
                throw Unreadable("is an error that belongs to no request: \(content)")
            }
            self.id = id
        } else if let result = members["result"] {
            guard members.checkValues(but: "result") else { throw Unreadable("is no JSON") }
            guard let id = members["id"], let id = Self.id(id) else { throw Unreadable("has no id") }
            self.id = id
            if let object = try? ObjectMembers(result), let value = try ValueText(object) {
                content = .value(value)
            } else {
                guard ObjectMembers.isJSON(result) else { throw Unreadable("is no JSON") }
                content = .done(result)
            }
        } else {
            guard let method = members["method"], method.elementsEqual(#""item""#.utf8),
                let parameters = members["params"], members.checkValues(but: "params")
            else { throw Unreadable("is neither an answer nor an item") }
            let item = try Self.members(parameters, "is an item without parameters")
            guard let id = item["id"], let id = Self.id(id), let key = item["key"], key.first == StringText.quote,
                let value = try ValueText(item)
            else { throw Unreadable("is an item without id, key or value") }
            self.id = id
            content = .item(key: StoreKey(KeyText.key(of: StringText.decode(key))), value)
        }
    }

    private static func members(_ text: ArraySlice<UInt8>, _ reason: String) throws(Unreadable) -> ObjectMembers {
        do { return try ObjectMembers(text) } catch { throw Unreadable(reason) }
    }

    private static func id(_ text: ArraySlice<UInt8>) -> UInt64? { UInt64(String(decoding: text, as: UTF8.self)) }

    private static func failure(_ text: ArraySlice<UInt8>) throws(Unreadable) -> Content {
        let error = try members(text, "has an error that is no object")
        guard error.checkValues() else { throw Unreadable("is no JSON") }
        let code = error["code"].flatMap { Double(String(decoding: $0, as: UTF8.self)) } ?? 0
        let message = error["message"].map { $0.first == StringText.quote ? StringText.decode($0) : Array($0) }
        return .failure(
            code: Int32(max(min(code, Double(Int32.max)), Double(Int32.min))),
            message: String(decoding: message ?? [], as: UTF8.self))
    }
}

/// A value as it stands in a line, not decoded yet: whoever waits for it does that, not the thread that read it.
struct ValueText: Sendable {
    private enum Form {
        case json
        case base64
    }

    private let form: Form
    private let text: ArraySlice<UInt8>

    /// The `value` or `bytes` among members, all of which are checked; nil where there is neither.
    init?(_ members: ObjectMembers) throws(Answer.Unreadable) {
        guard members.checkValues() else { throw Answer.Unreadable("is no JSON") }
        if let bytes = members["bytes"] {
            guard bytes.first == StringText.quote else { throw Answer.Unreadable("has bytes that are no string") }
            (form, text) = (.base64, bytes)
        } else if let value = members["value"] {
            (form, text) = (.json, value)
        } else {
            return nil
        }
    }

    /// - Throws: `.io` where the bytes are no base64.
    func bytes(for key: StoreKey) throws(StoreError) -> [UInt8] {
        guard form == .base64 else { return ValueForm(of: key).bytes(of: text) }
        let digits = text.contains(StringText.backslash) ? StringText.decode(text)[...] : text.dropFirst().dropLast()
        guard let bytes = Base64.decode(digits) else {
            throw StoreError(.io, key: key, hint: "the adapter gave bytes that are no base64")
        }
        return bytes
    }
}
