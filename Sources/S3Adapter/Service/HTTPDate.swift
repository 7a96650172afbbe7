/// Dates of S3's answers. A listing has a thousand of them: they are read where they stand.
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        .map { Array($0.utf8) }

    /// Of HTTP's headers: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7). Since 1970; nil for another form.
    static func seconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 29, bytes[25...].elementsEqual(" GMT".utf8), let day = number(bytes, 5, 2),
            let month = months.firstIndex(where: { bytes[8..<11].elementsEqual($0) }),
            let year = number(bytes, 12, 4), let time = time(bytes, 17)
        else { return nil }
        return CivilDate.days(year, Int64(month) + 1, day) * 86_400 + time
    }

    /// Of listings: `2009-10-12T17:50:30.000Z` (RFC 3339).
    static func nanoseconds(ofISO bytes: [UInt8]) -> Int64? {
        guard bytes.count >= 20, bytes[4] == dash, bytes[7] == dash, bytes[10] == UInt8(ascii: "T"),
            bytes.last == UInt8(ascii: "Z"), let year = number(bytes, 0, 4), let month = number(bytes, 5, 2),
            let day = number(bytes, 8, 2), let time = time(bytes, 11)
        else { return nil }
        var fraction: Int64 = 0
        if bytes.count > 20 {
            let digits = min(9, bytes.count - 21)
            guard bytes[19] == UInt8(ascii: "."), let value = number(bytes, 20, digits) else { return nil }
            fraction = (digits..<9).reduce(value) { value, _ in value * 10 }
        }
        return (CivilDate.days(year, month, day) * 86_400 + time) * 1_000_000_000 + fraction
    }

    private static let dash = UInt8(ascii: "-")

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
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
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
