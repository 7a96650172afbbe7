/// One form for all texts of a JSON document, as RFC 8785 (JCS) has it: what a document is, however it was written.
///
/// No white space; keys in the order of their UTF-16 code units; strings with as few escapes as there can be; numbers
/// as ECMAScript prints the double that is nearest to them. So a document that went through a program in Python or
/// JavaScript, which read it and wrote it anew, still has the form that it had.
///
/// RFC 8785 leaves out what I-JSON forbids; here every document of RFC 8259 has a form:
/// - a number past what a double holds (`1e400`) keeps its text, letter for letter;
/// - keys that are there twice all stay, those of one name in the order in which they stood;
/// - half of a pair of surrogates stays an escape, in lower-case digits (`\ud800`).
///
/// Two numbers for which one double stands have one form: 9007199254740993 is 9007199254740992 to half of all programs.
/// `isRewriting` tells such numbers apart where it matters.
public enum CanonicalJSON {
    /// - Returns: nil where the text is no document (`JSONScanner.check` says why).
    ///
    /// Memory is bounded by a small multiple of the text. No recursion.
    public static func form(of text: [UInt8], depthMax: Int = JSONScanner.depthMax) -> [UInt8]? {
        form(of: text[...], depthMax: depthMax)
    }

    public static func form(of text: ArraySlice<UInt8>, depthMax: Int = JSONScanner.depthMax) -> [UInt8]? {
        form(of: text, depthMax: depthMax, keepsNumbers: false)
    }

    /// - Parameter keepsNumbers: as they are written; all else is canonical.
    static func form(
        of text: ArraySlice<UInt8>, depthMax: Int = JSONScanner.depthMax, keepsNumbers: Bool
    ) -> [UInt8]? {
        var writer = Writer(text: text, keepsNumbers: keepsNumbers)
        do throws(JSONGrammar.Failure) {
            try JSONGrammar.scan(text.span, dialect: .json, depthMax: depthMax, visitor: &writer)
            return writer.output
        } catch {
            return nil
        }
    }

    /// Writes each value as the grammar finds it; the members of an object are sorted once it has ended.
    private struct Writer: JSONVisitor {
        let text: ArraySlice<UInt8>
        let keepsNumbers: Bool
        private(set) var output: [UInt8] = []
        private var open: [Container] = []
        /// Of all objects that are open, the innermost one's last.
        private var members: [Member] = []

        private struct Container {
            let isObject: Bool
            /// Behind its bracket.
            let start: Int
            let firstMember: Int
            var isEmpty = true
        }

        /// Where a member lies in the output, without the comma before it.
        private struct Member {
            let start: Int
            let keyEnd: Int
            /// Nothing but ASCII without escapes: the order of its bytes is that of UTF-16.
            let isPlain: Bool
            var end: Int
        }

        init(text: ArraySlice<UInt8>, keepsNumbers: Bool) {
            self.text = text
            self.keepsNumbers = keepsNumbers
            output.reserveCapacity(text.count)
        }

        mutating func enter(isObject: Bool, at offset: Int) {
            separate()
            output.append(UInt8(ascii: isObject ? "{" : "["))
            open.append(Container(isObject: isObject, start: output.count, firstMember: members.count))
        }

        mutating func leave() {
            guard let container = open.popLast() else { return }
            if container.isObject {
                endMember(of: container)
                sort(container)
                members.removeSubrange(container.firstMember...)
            }
            output.append(UInt8(ascii: container.isObject ? "}" : "]"))
        }

        mutating func key(_ range: Range<Int>) {
            guard let last = open.indices.last else { return }
            endMember(of: open[last])
            if !open[last].isEmpty { output.append(UInt8(ascii: ",")) }
            open[last].isEmpty = false
            let start = output.count
            CanonicalJSON.appendString(token(range), to: &output)
            members.append(
                Member(
                    start: start, keyEnd: output.count,
                    isPlain: output[start...].allSatisfy { $0 < 0x80 && $0 != UInt8(ascii: "\\") }, end: 0))
            output.append(UInt8(ascii: ":"))
        }

        mutating func scalar(_ range: Range<Int>) {
            separate()
            let token = token(range)
            switch token[token.startIndex] {
            case UInt8(ascii: "\""): CanonicalJSON.appendString(token, to: &output)
            case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): output += token
            default: if keepsNumbers { output += token } else { CanonicalJSON.appendNumber(token, to: &output) }
            }
        }

        /// A comma before every element of an array but the first.
        private mutating func separate() {
            guard let last = open.indices.last, !open[last].isObject else { return }
            if !open[last].isEmpty { output.append(UInt8(ascii: ",")) }
            open[last].isEmpty = false
        }

        private mutating func endMember(of container: Container) {
            if members.count > container.firstMember { members[members.count - 1].end = output.count }
        }

        private mutating func sort(_ container: Container) {
            let places = container.firstMember..<members.count
            let isSorted = places.dropFirst().allSatisfy { !precedes(members[$0], members[$0 - 1]) }
            guard !isSorted else { return }
            // Members of one name keep their order: the standard library's sort is stable, which it does not promise.
            let order = places.sorted { a, b in
                precedes(members[a], members[b]) || a < b && !precedes(members[b], members[a])
            }
            let unsorted = Array(output[container.start...])
            output.removeSubrange(container.start...)
            for place in order {
                if output.count > container.start { output.append(UInt8(ascii: ",")) }
                let (start, end) = (members[place].start - container.start, members[place].end - container.start)
                output += unsorted[start..<end]
            }
        }

        private func precedes(_ a: Member, _ b: Member) -> Bool {
            let (first, second) = (output[a.start..<a.keyEnd], output[b.start..<b.keyEnd])
            // Without the quotes: the shorter of two names is the first.
            if a.isPlain && b.isPlain {
                return first.dropFirst().dropLast().lexicographicallyPrecedes(second.dropFirst().dropLast())
            }
            return StringUnits(first).lexicographicallyPrecedes(StringUnits(second))
        }

        private func token(_ range: Range<Int>) -> ArraySlice<UInt8> {
            text[(text.startIndex + range.lowerBound)..<(text.startIndex + range.upperBound)]
        }
    }
}
