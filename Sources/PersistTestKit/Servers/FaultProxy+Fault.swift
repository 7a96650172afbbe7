extension FaultProxy {
    /// What happens to a request on its way, or to its answer.
    public enum Fault: Hashable, Sendable {
        /// The connection ends before the server has heard of it.
        case cutBefore
        /// The server has done it; the answer is lost.
        case cutAfter
        /// The proxy answers in place of the server.
        case refused(Refusal)
        /// Half of the answer's body comes, then the connection ends.
        case truncated
        /// A byte of the answer's body is another one.
        case flipped
        /// A byte of the request's body is another one.
        case flippedSent
        /// Nothing happens until `release()`, or for ever.
        case stalled
    }

    /// An answer that says no, as S3 words it.
    public struct Refusal: Hashable, Sendable {
        public let status: Int
        public let code: String
        public let message: String

        public init(_ status: Int, _ code: String, _ message: String) {
            self.status = status
            self.code = code
            self.message = message
        }

        public static let slowDown = Refusal(503, "SlowDown", "Please reduce your request rate.")
        public static let internalError = Refusal(
            500, "InternalError", "We encountered an internal error. Please try again.")
        public static let tooManyRequests = Refusal(429, "TooManyRequests", "Please reduce your request rate.")
    }

    /// Faults that a seed brings again, to so many of all requests.
    ///
    /// What happens to the nth request depends on the seed and n alone.
    public struct SeededRule: Sendable {
        private let seed: UInt64
        private let rate: Double
        private let faults: [Fault]

        /// - Parameter rate: 0 to 1.
        public init(seed: UInt64, rate: Double, _ faults: [Fault]) {
            self.seed = seed
            self.rate = rate
            self.faults = faults
        }

        public func fault(for request: Request) -> Fault? {
            var random = SplitMix64(seed: seed &+ UInt64(request.number) &* 0xD134_2543_DE82_EF95)
            guard !faults.isEmpty, Double.random(in: 0..<1, using: &random) < rate else { return nil }
            return faults[random.below(faults.count)]
        }
    }
}
