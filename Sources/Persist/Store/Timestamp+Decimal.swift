/// Times as text: in the side data of far sides, in the user metadata of objects.
extension Timestamp {
    /// Seconds since 1970 and nine digits behind the point, exactly.
    public var decimal: String {
        let (seconds, nanoseconds) = nanoseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        let digits = String(nanoseconds)
        return (self.nanoseconds < 0 ? "-" : "") + "\(seconds)." + String(repeating: "0", count: 9 - digits.count)
            + digits
    }

    /// At most nine digits behind the point count; nil for what is no such number, or no time that 64 bits hold.
    public init?(decimal text: String) {
        var digits = Array(text.utf8)[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits.removeFirst() }
        let parts = digits.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count > 1 ? parts[1].prefix(9) : []
        guard !parts[0].isEmpty, parts.count == 1 || !fraction.isEmpty else { return nil }
        var nanoseconds: Int64 = 0
        for digit in parts[0] + fraction + repeatElement(UInt8(ascii: "0"), count: 9 - fraction.count) {
            let value = Int64(digit) - Int64(UInt8(ascii: "0"))
            guard (0...9).contains(value) else { return nil }
            let (product, overflow) = nanoseconds.multipliedReportingOverflow(by: 10)
            let (sum, more) =
                isNegative ? product.subtractingReportingOverflow(value) : product.addingReportingOverflow(value)
            guard !overflow, !more else { return nil }
            nanoseconds = sum
        }
        self.init(nanoseconds: nanoseconds)
    }
}
