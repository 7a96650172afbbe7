/// Reads a JSON5 text into a tree: configuration, which is small.
public enum JSON5Reader {
    public static func read(_ bytes: [UInt8]) throws(JSONProblem) -> JSON5Node {
        var builder = Builder(text: bytes)
        do throws(JSONGrammar.Failure) {
            try JSONGrammar.scan(
                bytes.span, dialect: .json5, depthMax: JSONScanner.depthMax, visitor: &builder)
        } catch {
            throw JSONProblem(error, in: bytes.span)
        }
        guard let root = builder.root else { throw JSONProblem(line: 1, column: 1, message: "the document is empty") }
        return root
    }

    /// Builds what the grammar finds, innermost container last.
    private struct Builder: JSONVisitor {
        let text: [UInt8]
        private(set) var root: JSON5Node?
        private var open: [Container] = []
        private var position = JSONPosition()

        private struct Container {
            let isObject: Bool
            let line: Int
            let column: Int
            var elements: [JSON5Node] = []
            var members: [JSON5Node.Member] = []
            var key: (text: String, line: Int, column: Int)?
        }

        init(text: [UInt8]) { self.text = text }

        mutating func enter(isObject: Bool, at offset: Int) {
            move(to: offset)
            open.append(Container(isObject: isObject, line: position.line, column: position.column))
        }

        mutating func leave() {
            guard let container = open.popLast() else { return }
            let value: JSON5Node.Value =
                container.isObject ? .object(container.members) : .array(container.elements)
            add(JSON5Node(value: value, line: container.line, column: container.column))
        }

        mutating func key(_ range: Range<Int>) {
            move(to: range.lowerBound)
            let isQuoted = text[range.lowerBound] == UInt8(ascii: "\"") || text[range.lowerBound] == UInt8(ascii: "'")
            let name = isQuoted ? JSON5Text.string(text[range]) : String(decoding: text[range], as: UTF8.self)
            open[open.count - 1].key = (name, position.line, position.column)
        }

        mutating func scalar(_ range: Range<Int>) {
            move(to: range.lowerBound)
            add(JSON5Node(value: JSON5Text.scalar(text[range]), line: position.line, column: position.column))
        }

        private mutating func move(to offset: Int) {
            let text = text
            position.advance(to: offset, in: text.span)
        }

        private mutating func add(_ node: JSON5Node) {
            guard let last = open.indices.last else {
                root = node
                return
            }
            if let key = open[last].key {
                open[last].members.append(
                    JSON5Node.Member(key: key.text, line: key.line, column: key.column, value: node))
                open[last].key = nil
            } else {
                open[last].elements.append(node)
            }
        }
    }
}
