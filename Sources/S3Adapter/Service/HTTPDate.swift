/// Dates of S3's answers. A listing has a thousand of them: they are read where they stand.
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        .map { Array($0.utf8) }

    /// Of HTTP's headers: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7). Since 1970; nil for another form.
    static func seconds(_ text: String) -> Int64? {
        var bytes = Array(text.utf8)
        while bytes.last == space { bytes.removeLast() }
        // Some leave the day's zero out.
        if bytes.count == 28, bytes[4] == space { bytes.insert(zero, at: 5) }
        guard bytes.count == 29, bytes[25...].elementsEqual(" GMT".utf8), let day = number(bytes, 5, 2),
            let month = months.firstIndex(where: { bytes[8..<11].elementsEqual($0) }), let year = year(bytes, 12),
            let time = time(bytes, 17)
        else { return nil }
        return CivilDate.days(year, Int64(month) + 1, day) * 86_400 + time
    }

    /// Of listings: `2009-10-12T17:50:30.000Z` (RFC 3339), in UTC.
    static func nanoseconds(ofISO bytes: [UInt8]) -> Int64? {
        guard bytes.count >= 19, bytes[4] == dash, bytes[7] == dash, bytes[10] == UInt8(ascii: "T"),
            let year = year(bytes, 0), let month = number(bytes, 5, 2), (1...12).contains(month),
            let day = number(bytes, 8, 2), let time = time(bytes, 11)
        else { return nil }
        var rest = bytes[19...]
        var fraction: Int64 = 0
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { (zero...nine).contains($0) }
            guard let value = number(bytes, digits.startIndex, min(9, digits.count)) else { return nil }
            fraction = (min(9, digits.count)..<9).reduce(value) { value, _ in value * 10 }
            rest = bytes[digits.endIndex...]
        }
        guard ["", "Z", "+00:00"].contains(where: { rest.elementsEqual($0.utf8) }) else { return nil }
        return (CivilDate.days(year, month, day) * 86_400 + time) * 1_000_000_000 + fraction
    }

    private static let dash = UInt8(ascii: "-")
    private static let space = UInt8(ascii: " ")
    private static let (zero, nine) = (UInt8(ascii: "0"), UInt8(ascii: "9"))

    /// nil: 64 bits do not hold its nanoseconds, or how far it is from now; and some servers say 0001 of what they know no
    /// time of.
    private static func year(_ bytes: [UInt8], _ start: Int) -> Int64? {
        number(bytes, start, 4).flatMap { (1_970...2_261).contains($0) ? $0 : nil }
    }

    /// `08:49:37`, as seconds.
    private static func time(_ bytes: [UInt8], _ start: Int) -> Int64? {
        guard bytes[start + 2] == UInt8(ascii: ":"), bytes[start + 5] == UInt8(ascii: ":"),
            let hour = number(bytes, start, 2), let minute = number(bytes, start + 3, 2),
            let second = number(bytes, start + 6, 2)
        else { return nil }
        return hour * 3_600 + minute * 60 + second
    }

    /// nil: not all of them are digits, or there are none.
    private static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int64? {
        guard count > 0 else { return nil }
        var value: Int64 = 0
        for byte in bytes[start..<(start + count)] {
            guard (zero...nine).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - zero)
        }
        return value
    }
}

/// The civil calendar, counted in eras of 400 years from 1 March of the year 0.
enum CivilDate {
    /// Since 1 January 1970.
    static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
