extension FaultProxy {
    /// What has gone through a proxy.
    public struct Counts: Sendable, Equatable {
        public struct Tally: Sendable, Equatable {
            public var requests = 0
            /// Of bodies that came for the server.
            public var bytesSent: UInt64 = 0
            /// Of bodies that the server answered with.
            public var bytesReceived: UInt64 = 0
        }

        public private(set) var byKind: [Request.Kind: Tally] = [:]
        public private(set) var byMethod: [String: Int] = [:]
        /// Those that happened: an answer without a body cannot be truncated.
        public private(set) var faults: [Fault: Int] = [:]
        /// Requests that are with the server, or stall, now.
        public internal(set) var underWay = 0

        /// As if nothing of a kind had come where nothing has.
        public subscript(_ kind: Request.Kind) -> Tally { byKind[kind] ?? Tally() }

        public var requests: Int { byMethod.values.reduce(0, +) }

        mutating func add(_ request: Request) {
            byKind[request.kind, default: Tally()].requests += 1
            byMethod[request.method, default: 0] += 1
        }

        mutating func add(_ request: Request, sent: Int, received: Int) {
            byKind[request.kind, default: Tally()].bytesSent += UInt64(sent)
            byKind[request.kind, default: Tally()].bytesReceived += UInt64(received)
        }

        mutating func add(_ fault: Fault) { faults[fault, default: 0] += 1 }
    }
}
