internal import Glibc

/// Why a measurement could not be made: one line for a person.
struct Failure: Error {
    let text: String

    init(_ text: String) { self.text = text }

    /// What errno says about a call that has just failed.
    init(call: String, on path: String) {
        let number = errno
        self.text = "\(call) \(path): \(String(cString: strerror(number)))"
    }
}
