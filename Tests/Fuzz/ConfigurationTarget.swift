import Persist

/// A configuration is read, or refused at a place in it; what is secret is in no message.
func fuzzConfiguration(_ bytes: [UInt8]) {
    let secret = "\u{1}secret\u{2}"
    let text = String(decoding: bytes, as: UTF8.self)
    guard !text.contains(secret) else { return }
    do throws(ConfigurationError) {
        let configuration = try StoreConfiguration.read(
            bytes, file: "/dir/my.persist.json", environment: ["A": secret, "PATH": "there", "EMPTY": ""])
        require(JSONScanner.checkJSON5(bytes) == nil, "read, and it is no JSON5")
        guard case .sqlite(let path, let busy) = configuration.adapter else { return }
        require(path.hasPrefix("/") && !path.utf8.contains(0), "the store would be at “\(path)”")
        require(busy ?? 0 >= 0, "\(busy ?? 0) milliseconds")
        for warning in configuration.warnings { require(!warning.contains(secret), "a secret in “\(warning)”") }
    } catch {
        require(error.file == "/dir/my.persist.json", "an error in \(error.file)")
        requirePlace(JSONProblem(line: error.line, column: error.column, message: error.message), in: bytes)
        require(!error.description.contains(secret), "a secret in “\(error)”")
    }
}
