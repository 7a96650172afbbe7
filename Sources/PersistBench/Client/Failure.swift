internal import Glibc

/// Why a measurement could not be made: one line for a person.
struct Failure: Error {
    let text: String

    init(_ text: String) { self.text = text }

    /// What errno says about a call that has just failed.
    init(call: String, on path: String) { self.init(call, errno, path) }

    init(call: String, on path: UnsafePointer<CChar>) {
        let number = errno
        self.init(call, number, String(cString: path))
    }

    private init(_ call: String, _ number: Int32, _ path: String) {
        text = "\(call) \(path): \(String(cString: strerror(number)))"
    }
}
