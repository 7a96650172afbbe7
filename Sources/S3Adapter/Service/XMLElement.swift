/// An element of an answer of S3: its name, its text, and the elements in it.
struct XMLElement: Equatable {
    /// Without a prefix: S3 has one namespace.
    let name: String
    /// All character data directly in it.
    var text: [UInt8] = []
    var children: [XMLElement] = []

    /// The first of that name.
    subscript(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    var string: String { String(decoding: text, as: UTF8.self) }
}
