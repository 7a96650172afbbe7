import Persist

/// The scanner against a reading of RFC 8259 by recursive descent (R5); JSON5 on the way, of which JSON is a part.
func fuzzJSON(_ bytes: [UInt8]) {
    // A small limit too: else depth is found only by texts longer than the fuzzer makes.
    for depthMax in [JSONScanner.depthMax, 4] {
        let problem = JSONScanner.check(bytes, depthMax: depthMax)
        var reader = ReferenceReader(text: bytes, depthMax: depthMax)
        let isDocument = reader.isDocument()
        require(
            (problem == nil) == isDocument,
            "at most \(depthMax) deep: the scanner says \(problem?.description ?? "yes"), "
                + "the reference \(isDocument ? "yes" : "no")")
        if let problem { requirePlace(problem, in: bytes) }
        if isDocument, depthMax == JSONScanner.depthMax { requireTree(bytes) }
    }
    let problem = JSONScanner.checkJSON5(bytes)
    if let problem { requirePlace(problem, in: bytes) }
    requireSameJSON5(bytes, problem)
}

/// What is JSON is JSON5, and is written again as a text that says the same.
private func requireTree(_ bytes: [UInt8]) {
    guard let tree = try? JSON5Reader.read(bytes) else { found("JSON that is no JSON5") }
    let text = Array(JSONText.write(value(of: tree)).utf8)
    require(JSONScanner.check(text) == nil, "written again it is no JSON: \(String(decoding: text, as: UTF8.self))")
    guard let again = try? JSON5Reader.read(text) else { found("written again it cannot be read") }
    require(value(of: again) == value(of: tree), "written again it is \(String(decoding: text, as: UTF8.self))")
}

private func value(of node: JSON5Node) -> JSONValue {
    switch node.value {
    case .null: .null
    case .bool(let value): .bool(value)
    // As text: how numbers are rounded is not what is tested here.
    case .number(let text), .environment(let text): .string(text)
    case .string(let text): .string(text)
    case .array(let nodes): .array(nodes.map { value(of: $0) })
    case .object(let members): .object(members.map { .init($0.key, value(of: $0.value)) })
    }
}

/// A line that there is, and a column that it has, or the one after its last.
func requirePlace(_ problem: JSONProblem, in bytes: [UInt8]) {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    require((1...lines.count).contains(problem.line), "line \(problem.line) of \(lines.count)")
    let width = lines[problem.line - 1].count
    require((1...width + 1).contains(problem.column), "column \(problem.column) in a line of \(width) bytes")
}

/// The check and the reader are one grammar.
private func requireSameJSON5(_ bytes: [UInt8], _ problem: JSONProblem?) {
    do throws(JSONProblem) {
        _ = try JSON5Reader.read(bytes)
        require(problem == nil, "the check says \(problem!), the reader takes it")
    } catch {
        require(problem == error, "the check says \(problem?.description ?? "yes"), the reader \(error)")
    }
}
