import Glibc

/// Why a fixture or a client command did not do what its test took for granted.
public struct HarnessError: Error, CustomStringConvertible {
    public let description: String
    /// It will not get better: `eventually` gives up at once.
    let isFinal: Bool

    public init(_ description: String) { self.init(description, isFinal: false) }

    init(_ description: String, isFinal: Bool) {
        self.description = description
        self.isFinal = isFinal
    }

    /// With the words of the errno that the last call of this thread left.
    init(failed what: String) { self.init("\(what): \(String(cString: strerror(errno)))") }
}
