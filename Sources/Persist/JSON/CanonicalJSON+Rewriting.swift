extension CanonicalJSON {
    /// Whether `value` is what a program may have made of `text` that only read it and wrote it anew: nothing that
    /// anybody changed.
    ///
    /// The canonical form is not enough to say so: 1234567890123456788 and …789 are one double, and yet two numbers to
    /// whoever gave them out. Of two integers that differ, the one must be what the other one's double prints as.
    public static func isRewriting(_ value: [UInt8], of text: [UInt8]) -> Bool {
        isRewriting(value[...], of: text[...])
    }

    static func isRewriting(_ value: ArraySlice<UInt8>, of text: ArraySlice<UInt8>) -> Bool {
        if value == text { return true }
        guard let value = form(of: value, keepsNumbers: true), let text = form(of: text, keepsNumbers: true)
        else { return false }
        var (ours, others) = (value[...], text[...])
        while let byte = ours.first, let other = others.first {
            if isOfNumber(byte) && isOfNumber(other) {
                let (number, was) = (ours.prefix(while: isOfNumber), others.prefix(while: isOfNumber))
                guard isRounding(number, of: was) else { return false }
                (ours, others) = (ours.dropFirst(number.count), others.dropFirst(was.count))
            } else {
                // Strings, which may have digits in them, are equal as wholes.
                let count = byte == UInt8(ascii: "\"") ? stringBytes(ours) : 1
                guard ours.prefix(count) == others.prefix(count) else { return false }
                (ours, others) = (ours.dropFirst(count), others.dropFirst(count))
            }
        }
        return ours.isEmpty && others.isEmpty
    }

    private static func isRounding(_ number: ArraySlice<UInt8>, of was: ArraySlice<UInt8>) -> Bool {
        if number == was { return true }
        guard let value = Double(String(decoding: number, as: UTF8.self)),
            value == Double(String(decoding: was, as: UTF8.self)), value.isFinite
        else { return false }
        guard isInteger(number) && isInteger(was) else { return true }
        var rounded: [UInt8] = []
        append(value, to: &rounded)
        return number.elementsEqual(rounded)
    }

    private static func isInteger(_ number: ArraySlice<UInt8>) -> Bool {
        number.allSatisfy { JSONGrammar.isDigit($0) || $0 == UInt8(ascii: "-") }
    }

    /// What numbers consist of. Outside of strings only `true`, `false` and `null` have an e too, in their middle.
    private static func isOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    /// With both quotes.
    private static func stringBytes(_ text: ArraySlice<UInt8>) -> Int {
        var index = text.startIndex + 1
        while text[index] != UInt8(ascii: "\"") { index += text[index] == UInt8(ascii: "\\") ? 2 : 1 }
        return index + 1 - text.startIndex
    }
}
