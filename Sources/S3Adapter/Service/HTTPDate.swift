/// Dates of HTTP's headers: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Since 1970; nil for another form.
    static func seconds(_ text: String) -> Int64? {
        let parts = text.split(whereSeparator: { " ,:".contains($0) })
        guard parts.count == 8, parts[7] == "GMT", let day = Int64(parts[1]), let year = Int64(parts[3]),
            let month = months.firstIndex(of: String(parts[2])), let hour = Int64(parts[4]),
            let minute = Int64(parts[5]), let second = Int64(parts[6])
        else { return nil }
        return CivilDate.days(year, Int64(month) + 1, day) * 86_400 + hour * 3_600 + minute * 60 + second
    }

    /// Of listings: `2009-10-12T17:50:30.000Z` (RFC 3339).
    static func nanoseconds(ofISO text: String) -> Int64? {
        let parts = text.split(whereSeparator: { "-T:Z".contains($0) })
        guard parts.count == 6, let year = Int64(parts[0]), let month = Int64(parts[1]), let day = Int64(parts[2]),
            let hour = Int64(parts[3]), let minute = Int64(parts[4])
        else { return nil }
        let second = parts[5].split(separator: ".")
        guard let whole = Int64(second[0]) else { return nil }
        var fraction: Int64 = 0
        if second.count > 1 {
            let digits = second[1].prefix(9)
            guard let value = Int64(digits) else { return nil }
            fraction = (digits.count..<9).reduce(value) { value, _ in value * 10 }
        }
        let seconds = CivilDate.days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + whole
        return seconds * 1_000_000_000 + fraction
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
