import Glibc

/// Why a fixture or a client command did not do what its test took for granted.
public struct HarnessError: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }

    /// With the words of the errno that the last call of this thread left.
    init(failed what: String) { self.init("\(what): \(String(cString: strerror(errno)))") }
}
