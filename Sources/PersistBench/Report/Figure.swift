/// Numbers for people.
enum Figure {
    /// Three figures that count: 0.741, 7.41, 74.1, 741, 7,412.
    static func measured(_ value: Double) -> String {
        let size = abs(value)
        return fixed(value, places: size < 1 ? 3 : size < 10 ? 2 : size < 100 ? 1 : 0)
    }

    static func count(_ value: Int) -> String { fixed(Double(value), places: 0) }

    static func ratio(_ value: Double) -> String { fixed(value, places: abs(value) < 10 ? 2 : 1) }

    /// No more places than the number has: 8, 0.9, 0.85.
    static func short(_ value: Double) -> String {
        var text = fixed(value, places: 2)
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text += "0" }
        return value >= 2 && value == value.rounded() ? fixed(value, places: 0) : text
    }

    private static func fixed(_ value: Double, places: Int) -> String {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let rounded = Int((abs(value) * scale).rounded())
        var whole = String(rounded / Int(scale))
        var place = whole.count - 3
        while place > 0 {
            whole.insert(",", at: whole.index(whole.startIndex, offsetBy: place))
            place -= 3
        }
        var text = value < 0 ? "-" + whole : whole
        if places > 0 {
            let rest = String(rounded % Int(scale))
            text += "." + String(repeating: "0", count: places - rest.count) + rest
        }
        return text
    }
}
