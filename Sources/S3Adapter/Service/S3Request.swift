internal import Persist

/// What S3 is asked for, before it is signed.
struct S3Request {
    var method: String
    /// nil: the bucket.
    var key: [UInt8]?
    var query: [(name: String, value: String)] = []
    /// Names in lower case.
    var headers: [(String, String)] = []
    var body: [UInt8] = []
    /// SHA-256 of the body, where it is known already.
    var bodySum: [UInt8]?
    var answerBytesMax: UInt64 = 16 << 20
    /// It is not begun after this: whoever waits for it will have given up, and done something else.
    var deadline: ContinuousClock.Instant?

    /// Done twice it would do something else than once: what fails is the caller's to see to.
    var isOnce = false
    /// S3 copies bytes before it answers, and may say nothing meanwhile.
    var isLong = false

    init(_ method: String, _ key: [UInt8]?) {
        self.method = method
        self.key = key
    }
}
