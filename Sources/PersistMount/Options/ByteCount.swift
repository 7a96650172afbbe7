/// Amounts of bytes as people write them: `1048576`, `64K`, `16M`, `2G`, `1T` (powers of 1,024).
public enum ByteCount {
    public static func parse(_ text: String) -> UInt64? {
        var digits = text[...]
        var shift: UInt64 = 0
        if let last = digits.last, let unit = "KMGT".firstIndex(of: Character(last.uppercased())) {
            shift = 10 * (1 + UInt64("KMGT".distance(from: "KMGT".startIndex, to: unit)))
            digits = digits.dropLast()
        }
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = UInt64(digits)
        else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
        return overflow ? nil : product
    }

    /// At most one decimal: `512 B`, `64 KiB`, `1.5 GiB`.
    public static func text(_ bytes: UInt64) -> String {
        guard bytes >= 1024 else { return "\(bytes) B" }
        var tenths = bytes
        for unit in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] {
            guard tenths >= 1 << 20 else {
                // Rounded down, so that what is free is never overstated.
                let value = tenths * 10 / 1024
                return value % 10 == 0 ? "\(value / 10) \(unit)" : "\(value / 10).\(value % 10) \(unit)"
            }
            tenths /= 1024
        }
        return "\(bytes) B"
    }
}
