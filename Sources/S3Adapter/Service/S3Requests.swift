public import Persist

/// How often a bucket was asked, by what S3 charges for.
public struct S3Requests: Sendable, Equatable {
    public var gets = 0
    public var heads = 0
    public var puts = 0
    public var deletes = 0
    public var lists = 0
    public var bytesSent: UInt64 = 0
    public var bytesReceived: UInt64 = 0

    /// What they cost, about.
    public func cost(at prices: RequestPrices) -> Double {
        Double(puts + lists) / 1_000 * prices.put + Double(gets + heads) / 1_000 * prices.get
            + Double(bytesReceived) / 1e9 * prices.gigabyte
    }

    mutating func count(_ request: S3Request) {
        switch request.method {
        case "GET" where request.key == nil: lists += 1
        case "GET": gets += 1
        case "HEAD": heads += 1
        case "DELETE": deletes += 1
        case "POST" where request.query.contains { $0.name == "delete" }: deletes += 1
        default: puts += 1
        }
        bytesSent += UInt64(request.body.count)
    }
}
