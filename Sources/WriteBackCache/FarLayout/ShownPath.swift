public import Persist

/// Where a mount shows a file or directory: a namespace, and the names below it. Without a namespace: the root.
public struct ShownPath: Hashable, Sendable {
    public var namespace: Namespace?
    public var names: [FileName]

    public init(_ namespace: Namespace?, _ names: [FileName] = []) {
        precondition(namespace != nil || names.isEmpty, "nothing but the namespaces is in the root")
        self.namespace = namespace
        self.names = names
    }

    /// - Parameter text: `records/users/alice.json`; nil where that is the path of nothing: another first name, a
    ///   component that is no name of a file.
    init?(text: ArraySlice<UInt8>) {
        var names: [FileName] = []
        for part in text.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let name = try? FileName(Array(part)) else { return nil }
            names.append(name)
        }
        guard let first = names.first, let namespace = Namespace(name: first) else { return nil }
        self.init(namespace, Array(names.dropFirst()))
    }

    /// `records/users/alice.json`; empty for the root.
    var text: [UInt8] {
        guard let namespace else { return [] }
        return namespace.path(names)
    }

    /// The value of a key that is also the prefix of others: `%self` in the directory that the others are in.
    var isSelf: Bool { names.count > 1 && names.last?.bytes == PathNames.selfName }
}

extension ShownPath: CustomStringConvertible {
    /// For people only: bytes that are not UTF-8 are replaced.
    public var description: String { String(decoding: text, as: UTF8.self) }
}
