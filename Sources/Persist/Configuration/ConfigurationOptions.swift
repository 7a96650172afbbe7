/// The options of one file while they are being read: each is taken once, and what is left at the end is unknown.
struct ConfigurationOptions {
    let file: String
    private(set) var warnings: [String] = []
    private let root: JSON5Node
    private let environment: [String: String]
    private var members: [JSON5Node.Member] = []

    init(_ root: JSON5Node, file: String, environment: [String: String]) throws(ConfigurationError) {
        self.file = file
        self.root = root
        self.environment = environment
        try add(root, of: "the configuration")
    }

    func member(_ key: String) -> JSON5Node.Member? { members.first { $0.key == key } }

    /// The options nested under the adapter's name count as if they stood at the top.
    mutating func takeSection(_ key: String) throws(ConfigurationError) {
        guard let section = take(key) else { return }
        try add(section.value, of: "'\(key)'")
    }

    mutating func takeString(_ key: String) throws(ConfigurationError) -> String? {
        guard let member = take(key) else { return nil }
        switch member.value.value {
        case .string(let text): return try expand(text, at: member.value)
        case .environment(let name): return try variable(name, at: member.value)
        default: throw wrongType(member, "a string")
        }
    }

    mutating func takeBool(_ key: String) throws(ConfigurationError) -> Bool? {
        guard let member = take(key) else { return nil }
        guard case .bool(let value) = member.value.value else { throw wrongType(member, "true or false") }
        return value
    }

    mutating func takeInteger(
        _ key: String, in range: ClosedRange<Int>, unit: String
    ) throws(ConfigurationError) -> Int? {
        guard let member = take(key) else { return nil }
        guard case .number(let text) = member.value.value else { throw wrongType(member, "a number") }
        guard let value = Self.integer(text), range.contains(value) else {
            throw error(
                at: member.value,
                "'\(key)' must be a whole number of \(unit) from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    mutating func ignore(_ key: String, because reason: String) {
        guard let member = take(key) else { return }
        warnings.append("\(file):\(member.line):\(member.column): '\(key)' \(reason)")
    }

    /// Refuses what nobody took.
    func finish(known: [String]) throws(ConfigurationError) {
        guard let left = members.first else { return }
        let hint = Suggestion.nearest(to: left.key, among: known).map { " (did you mean '\($0)'?)" } ?? ""
        throw ConfigurationError(
            file: file, line: left.line, column: left.column, message: "unknown option '\(left.key)'\(hint)")
    }

    func error(at node: JSON5Node, _ message: String) -> ConfigurationError {
        ConfigurationError(file: file, line: node.line, column: node.column, message: message)
    }

    func error(_ message: String) -> ConfigurationError { error(at: root, message) }

    private mutating func add(_ node: JSON5Node, of what: String) throws(ConfigurationError) {
        guard case .object(let added) = node.value else {
            throw error(at: node, "\(what) must be an object, not \(node.kind)")
        }
        for member in added {
            guard self.member(member.key) == nil else {
                throw ConfigurationError(
                    file: file, line: member.line, column: member.column,
                    message: "option '\(member.key)' is given twice")
            }
            members.append(member)
        }
    }

    mutating func take(_ key: String) -> JSON5Node.Member? {
        guard let index = members.firstIndex(where: { $0.key == key }) else { return nil }
        return members.remove(at: index)
    }

    func wrongType(_ member: JSON5Node.Member, _ expected: String) -> ConfigurationError {
        error(at: member.value, "'\(member.key)' must be \(expected), not \(member.value.kind)")
    }

    func variable(_ name: String, at node: JSON5Node) throws(ConfigurationError) -> String {
        guard let value = environment[name] else {
            throw error(at: node, "the environment variable '\(name)' is not set")
        }
        return value
    }

    /// Each `${NAME}` in a string is replaced; what it is replaced by is not looked at again.
    func expand(_ text: String, at node: JSON5Node) throws(ConfigurationError) -> String {
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            let after = rest.index(after: dollar)
            guard after < rest.endIndex, rest[after] == "{" else {
                result += rest[...dollar]
                rest = rest[after...]
                continue
            }
            guard let end = rest[after...].firstIndex(of: "}") else {
                throw error(at: node, "'${' without '}'")
            }
            result += rest[..<dollar]
            result += try variable(String(rest[rest.index(after: after)..<end]), at: node)
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    /// A whole number in any of JSON5's spellings: `5000`, `+5e3`, `0x10`.
    private static func integer(_ text: String) -> Int? {
        if let value = Int(text) { return value }
        let unsigned = text.drop { $0 == "+" || $0 == "-" }
        if unsigned.hasPrefix("0x") || unsigned.hasPrefix("0X") {
            return Int((text.hasPrefix("-") ? "-" : "") + unsigned.dropFirst(2), radix: 16)
        }
        return Double(text).flatMap { Int(exactly: $0) }
    }
}
