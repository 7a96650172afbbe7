internal import Persist

/// A moment as signatures have it: `20130524T000000Z`, in UTC.
struct SigningTime: Equatable {
    let text: String
    /// `20130524`.
    var day: String { String(text.prefix(8)) }

    init(_ time: Timestamp) {
        let (days, second) = time.seconds.quotientAndRemainder(dividingBy: 86_400)
        // The civil calendar, counted in eras of 400 years from 1 March 0000.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func digits(_ value: Int64, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        text =
            digits(year, 4) + digits(month, 2) + digits(day, 2) + "T" + digits(second / 3_600, 2)
            + digits(second / 60 % 60, 2) + digits(second % 60, 2) + "Z"
    }
}
