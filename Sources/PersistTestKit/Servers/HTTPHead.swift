/// What stands before the body of a request or an answer of HTTP/1.1.
struct HTTPHead {
    /// How the end of a body is known.
    enum Body: Equatable {
        case none
        case bytes(Int)
        case chunked
        /// With the connection.
        case untilEnd
    }

    /// As they came, with the empty line.
    let bytes: [UInt8]
    private let first: [Substring]
    private let headers: [(name: String, value: Substring)]

    /// nil: that is no HTTP/1.
    init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        // The two are one Character.
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        first = lines.first?.split(separator: " ", maxSplits: 2) ?? []
        guard first.count >= 2, first.contains(where: { $0.hasPrefix("HTTP/1.") }) else { return nil }
        headers = lines.dropFirst().compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (line[..<colon].lowercased(), line[line.index(after: colon)...].drop { $0 == " " })
        }
    }

    var method: String { String(first[0]) }
    var target: String { String(first[1]) }
    /// Of an answer.
    var status: Int { Int(first[1]) ?? 0 }

    /// - Parameter name: in lower case.
    subscript(_ name: String) -> Substring? { headers.first { $0.name == name }?.value }

    /// Another message may follow on the connection.
    var keepsConnection: Bool {
        let isOld = first[0] == "HTTP/1.0" || first.last == "HTTP/1.0"
        return !isOld && self["connection"]?.lowercased() != "close"
    }

    var expectsContinue: Bool { self["expect"]?.lowercased() == "100-continue" }

    var requestBody: Body { framed ?? .none }

    func answerBody(to method: String) -> Body {
        if method == "HEAD" || status == 204 || status == 304 { return .none }
        return framed ?? .untilEnd
    }

    private var framed: Body? {
        if self["transfer-encoding"]?.lowercased().hasSuffix("chunked") == true { return .chunked }
        return self["content-length"].flatMap { Int($0) }.map { $0 == 0 ? .none : .bytes($0) }
    }
}
