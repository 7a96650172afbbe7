/// What a merge sees of a document: its objects that no array is around, with their members.
extension JSONMerge {
    struct Document {
        let text: [UInt8]
        let root: Value

        /// nil for what is no document, or has an object with duplicate keys, be it in an array.
        init?(_ text: [UInt8], depthMax: Int) {
            var reader = Reader(text: text)
            do throws(JSONGrammar.Failure) {
                try JSONGrammar.scan(text.span, dialect: .json, depthMax: depthMax, visitor: &reader)
            } catch {
                return nil
            }
            guard let root = reader.root, !reader.hasDuplicates else { return nil }
            self.text = text
            self.root = root
        }
    }

    struct Value {
        let range: Range<Int>
        /// nil for anything but an object.
        let members: Members?
    }

    struct Member {
        /// The key in canonical form, in its quotes.
        let name: [UInt8]
        /// Its key as it is written.
        let key: Range<Int>
        let value: Value
    }

    struct Members {
        var list: [Member] = []
        var places: [[UInt8]: Int] = [:]

        subscript(name: [UInt8]) -> Member? { places[name].map { list[$0] } }
    }

    private struct Reader: JSONVisitor {
        let text: [UInt8]
        private(set) var root: Value?
        private(set) var hasDuplicates = false
        private var open: [Container] = []
        /// How many arrays are around.
        private var arrays = 0
        /// Behind the last token.
        private var position = 0

        private struct Container {
            let isObject: Bool
            let start: Int
            var members = Members()
            /// Of objects in arrays, whose members nobody needs.
            var names: Set<[UInt8]> = []
            var key: (name: [UInt8], range: Range<Int>)?
        }

        init(text: [UInt8]) { self.text = text }

        mutating func enter(isObject: Bool, at offset: Int) {
            open.append(Container(isObject: isObject, start: offset))
            if !isObject { arrays += 1 }
            position = offset + 1
        }

        mutating func leave() {
            guard let container = open.popLast() else { return }
            // Nothing but white space stands between the last token and the bracket.
            while text[position] <= 0x20 { position += 1 }
            position += 1
            if !container.isObject { arrays -= 1 }
            add(Value(range: container.start..<position, members: container.isObject ? container.members : nil))
        }

        mutating func key(_ range: Range<Int>) {
            position = range.upperBound
            guard let last = open.indices.last else { return }
            var name: [UInt8] = []
            CanonicalJSON.appendString(text[range], to: &name)
            if arrays > 0 {
                if !open[last].names.insert(name).inserted { hasDuplicates = true }
            } else {
                let place = open[last].members.list.count
                if open[last].members.places.updateValue(place, forKey: name) != nil { hasDuplicates = true }
                open[last].key = (name, range)
            }
        }

        mutating func scalar(_ range: Range<Int>) {
            position = range.upperBound
            add(Value(range: range, members: nil))
        }

        private mutating func add(_ value: Value) {
            guard let last = open.indices.last else {
                root = value
                return
            }
            guard arrays == 0, let key = open[last].key else { return }
            open[last].members.list.append(Member(name: key.name, key: key.range, value: value))
        }
    }
}
