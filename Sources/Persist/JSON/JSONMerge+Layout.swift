extension JSONMerge {
    /// The white space of an object that has other members now: as mine has it between its own, else as theirs.
    struct Layout {
        /// Before each of mine, behind the bracket or comma.
        private let spaces: [ArraySlice<UInt8>]
        /// Before a member that is the first; before one that was the first or is new.
        private let first: ArraySlice<UInt8>
        private let other: ArraySlice<UInt8>
        /// Before the closing bracket.
        let tail: ArraySlice<UInt8>

        init(_ mine: Document, _ ours: Value, _ theirs: Document, _ others: Value) {
            spaces = Self.spaces(in: ours, of: mine.text)
            let (model, value) = spaces.isEmpty ? (theirs.text, others) : (mine.text, ours)
            let found = spaces.isEmpty ? Self.spaces(in: value, of: model) : spaces
            first = found.first ?? []
            tail = Self.tail(of: value, in: model)
            if found.count > 1 {
                other = found[1]
            } else if first.contains(UInt8(ascii: "\n")) {
                other = first
            } else {
                // `{"a": 1}` puts a space behind its colon, and so behind its comma.
                let member = value.members?.list.first
                let isSpaced = member.map { model[$0.value.range.lowerBound - 1] == UInt8(ascii: " ") } ?? false
                other = isSpaced ? [UInt8(ascii: " ")] : []
            }
        }

        /// - Parameter ours: which of mine it is; nil for one of theirs.
        func space(before ours: Int?, at place: Int) -> ArraySlice<UInt8> {
            if place == 0 { return first }
            guard let ours, ours > 0 else { return other }
            return spaces[ours]
        }

        private static func spaces(in object: Value, of text: [UInt8]) -> [ArraySlice<UInt8>] {
            var spaces: [ArraySlice<UInt8>] = []
            for member in object.members?.list ?? [] {
                var start = member.key.lowerBound
                while text[start - 1] <= 0x20 { start -= 1 }
                spaces.append(text[start..<member.key.lowerBound])
            }
            return spaces
        }

        private static func tail(of object: Value, in text: [UInt8]) -> ArraySlice<UInt8> {
            let end = object.range.upperBound - 1
            var start = end
            while text[start - 1] <= 0x20 { start -= 1 }
            return text[start..<end]
        }
    }
}
