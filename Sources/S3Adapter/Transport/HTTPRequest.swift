/// One request. Names of headers are in lower case.
struct HTTPRequest: Sendable {
    var method: String
    /// Percent-encoded.
    var url: String
    var headers: [(name: String, value: String)]
    var body: [UInt8] = []
    /// It goes over a new connection: libcurl sends again by itself what fails on one that was kept.
    var isOnce = false
    /// The server may work for minutes before anything comes back.
    var isLong = false
    /// An answer that is longer has failed.
    var answerBytesMax: UInt64
}

/// What came back.
struct HTTPResponse: Sendable {
    var status: Int
    /// Names in lower case; of several of one name the last.
    var headers: [String: String] = [:]
    var body: [UInt8] = []
}
