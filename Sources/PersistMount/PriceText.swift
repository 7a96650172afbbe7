/// Amounts of money, small ones too.
enum PriceText {
    /// At least two digits behind the point, at most six: 0.09, 0.0004.
    static func text(_ amount: Double) -> String {
        let millionths = Int64((min(max(amount, 0), 1e12) * 1e6).rounded())
        var digits = String(millionths % 1_000_000)
        digits = String(repeating: "0", count: 6 - digits.count) + digits
        while digits.count > 2, digits.last == "0" { digits.removeLast() }
        return "\(millionths / 1_000_000).\(digits)"
    }
}
