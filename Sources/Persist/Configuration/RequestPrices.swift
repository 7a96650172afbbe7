/// What requests to a bucket cost, for `status`: by default those of Amazon's S3 Standard in us-east-1.
///
/// A provider's price list changes and differs by region: what is computed by it is about right, and no bill.
public struct RequestPrices: Sendable, Equatable {
    /// Of a thousand PUT, COPY, POST and LIST; DELETE is free.
    public var put = 0.005
    /// Of a thousand GET and HEAD.
    public var get = 0.000_4
    /// Of 10^9 bytes that come from there over the Internet.
    public var gigabyte = 0.09
    public var currency = "USD"

    public init() {}
}

extension ConfigurationOptions {
    /// `prices: { put: 0.005, get: 0.0004, gigabyte: 0.09, currency: "USD" }`; what is not said is as it is by default.
    mutating func takePrices(_ key: String) throws(ConfigurationError) -> RequestPrices? {
        guard let member = take(key) else { return nil }
        guard case .object(let members) = member.value.value else { throw wrongType(member, "an object of prices") }
        var prices = RequestPrices()
        for member in members {
            switch (member.key, member.value.value) {
            case ("put", .number(let text)): prices.put = try price(text, member)
            case ("get", .number(let text)): prices.get = try price(text, member)
            case ("gigabyte", .number(let text)): prices.gigabyte = try price(text, member)
            case ("currency", .string(let text)) where !text.isEmpty && text.utf8.count <= 8: prices.currency = text
            case ("put", _), ("get", _), ("gigabyte", _): throw wrongType(member, "a price: 0 or more")
            case ("currency", _): throw wrongType(member, "a currency: \"USD\"")
            default:
                throw error(at: member.value, "'\(key)' has put, get, gigabyte and currency, not '\(member.key)'")
            }
        }
        return prices
    }

    private func price(_ text: String, _ member: JSON5Node.Member) throws(ConfigurationError) -> Double {
        guard let price = Double(text), price >= 0, price < 1e6 else { throw wrongType(member, "a price: 0 or more") }
        return price
    }
}
