/// Merges two edits of one JSON document by field (R10).
///
/// Objects merge key by key: they have the identity of their path. Everything else is one value, arrays too. A field
/// that only one side changed is taken from that side with its bytes; one that both changed alike stays as mine has
/// it. What only writes a value anew is no change (`CanonicalJSON.isRewriting`): white space, the order of keys, other
/// spellings.
public enum JSONMerge {
    /// - Parameters:
    ///   - base: what both sides began with.
    ///   - mine: the side whose layout the result has, as far as it goes.
    /// - Returns: nil for a conflict: both sides changed a field differently, or one removed what the other changed.
    ///   Also where one of the three is no document, or has an object with duplicate keys.
    ///
    /// Where one side has the bytes of the base, the result has those of the other. Recursion as deep as the documents.
    public static func merge(
        base: [UInt8], mine: [UInt8], theirs: [UInt8], depthMax: Int = JSONScanner.depthMax
    ) -> [UInt8]? {
        guard let base = Document(base, depthMax: depthMax), let mine = Document(mine, depthMax: depthMax),
            let theirs = Document(theirs, depthMax: depthMax)
        else { return nil }
        if theirs.text == base.text || theirs.text == mine.text { return mine.text }
        if mine.text == base.text { return theirs.text }
        var merger = Merger(base: base, mine: mine, theirs: theirs)
        return merger.merge()
    }

    private struct Merger {
        let base: Document
        let mine: Document
        let theirs: Document
        private var output: [UInt8] = []

        init(base: Document, mine: Document, theirs: Document) {
            (self.base, self.mine, self.theirs) = (base, mine, theirs)
        }

        mutating func merge() -> [UInt8]? {
            let whole = mine.root.range
            output += mine.text[..<whole.lowerBound]
            guard merge(base.root, mine.root, theirs.root) else { return nil }
            output += mine.text[whole.upperBound...]
            return output
        }

        /// - Parameter old: nil where both sides have added the field.
        /// - Returns: false for a conflict.
        private mutating func merge(_ old: Value?, _ ours: Value, _ others: Value) -> Bool {
            if ours.members != nil && others.members != nil && (old == nil || old?.members != nil) {
                return mergeObjects(old, ours, others)
            }
            let was = old.map { base.text[$0.range] }
            let (isOurs, isTheirs) = (mine.text[ours.range], theirs.text[others.range])
            // What changed comes before what is alike: a rounding that one side undid is a change.
            if let was, CanonicalJSON.isRewriting(isTheirs, of: was) {
                output += isOurs
            } else if let was, CanonicalJSON.isRewriting(isOurs, of: was) {
                output += isTheirs
            } else if isAlike(isOurs, isTheirs) {
                output += isOurs
            } else {
                return false
            }
            return true
        }

        private func isAlike(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Bool {
            CanonicalJSON.isRewriting(a, of: b) || CanonicalJSON.isRewriting(b, of: a)
        }

        private mutating func mergeObjects(_ old: Value?, _ ours: Value, _ others: Value) -> Bool {
            guard let plan = plan(old, ours, others), let list = ours.members?.list else { return false }
            guard plan.count == list.count && plan.allSatisfy({ $0.ours != nil }) else {
                return rebuild(plan, old, ours, others)
            }
            // Every member stays where it is, and so does what stands between them.
            var end = ours.range.lowerBound
            for (field, member) in zip(plan, list) {
                output += mine.text[end..<member.key.lowerBound]
                guard write(field, old) else { return false }
                end = member.value.range.upperBound
            }
            output += mine.text[end..<ours.range.upperBound]
            return true
        }

        private mutating func rebuild(_ plan: [Field], _ old: Value?, _ ours: Value, _ others: Value) -> Bool {
            output.append(UInt8(ascii: "{"))
            if !plan.isEmpty {
                let layout = Layout(mine, ours, theirs, others)
                for (place, field) in plan.enumerated() {
                    if place > 0 { output.append(UInt8(ascii: ",")) }
                    output += layout.space(before: field.ours, at: place)
                    guard write(field, old) else { return false }
                }
                output += layout.tail
            }
            output.append(UInt8(ascii: "}"))
            return true
        }

        /// A member of the result, by where it stands in mine, and in theirs.
        private struct Field {
            let ours: Int?
            let member: Member
            let others: Member?
        }

        private mutating func write(_ field: Field, _ old: Value?) -> Bool {
            guard field.ours != nil else {
                output += theirs.text[field.member.key.lowerBound..<field.member.value.range.upperBound]
                return true
            }
            output += mine.text[field.member.key.lowerBound..<field.member.value.range.lowerBound]
            guard let others = field.others else {
                output += mine.text[field.member.value.range]
                return true
            }
            return merge(old?.members?[field.member.name]?.value, field.member.value, others.value)
        }

        /// The members of the result: mine in their order, each that theirs has added behind the one that it follows
        /// there. nil for a conflict.
        private func plan(_ old: Value?, _ ours: Value, _ others: Value) -> [Field]? {
            guard let mineMembers = ours.members, let theirMembers = others.members else { return nil }
            var plan: [Field] = []
            var added: [Int: [Field]] = [:]
            // Behind which of mine, -1 for none, what theirs adds stands.
            var anchor = -1
            for member in theirMembers.list {
                if let place = mineMembers.places[member.name] {
                    anchor = place
                } else if let was = old?.members?[member.name] {
                    // Mine has removed it.
                    guard CanonicalJSON.isRewriting(theirs.text[member.value.range], of: base.text[was.value.range])
                    else { return nil }
                } else {
                    added[anchor, default: []].append(Field(ours: nil, member: member, others: member))
                }
            }
            // Before all of mine, unless no member that both have says where they are.
            if anchor >= 0 { plan += added[-1] ?? [] }
            for (place, member) in mineMembers.list.enumerated() {
                let others = theirMembers[member.name]
                if others == nil, let was = old?.members?[member.name] {
                    // Theirs has removed it.
                    guard CanonicalJSON.isRewriting(mine.text[member.value.range], of: base.text[was.value.range])
                    else { return nil }
                } else {
                    plan.append(Field(ours: place, member: member, others: others))
                }
                plan += added[place] ?? []
            }
            if anchor < 0 { plan += added[-1] ?? [] }
            return plan
        }
    }
}
