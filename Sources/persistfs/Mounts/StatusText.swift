import PersistMount

/// `persistfs status` for people, in 80 columns.
enum StatusText {
    static let columns = 80
    private static let indent = 13

    /// - Parameter isWhole: with what the adapter in use can and cannot.
    static func text(_ mount: MountList.Item, isWhole: Bool = false) -> String {
        guard let status = mount.status else {
            return lines([(mount.mountPoint, ""), ("  store", mount.source), ("  problem", mount.problem ?? "unknown")])
        }
        let store = status.store
        var rows: [(String, String)] = [
            (status.mountPoint, ""),
            ("  store", store.path),
            ("  since", "\(status.since), process \(status.pid)\(status.isReadOnly ? ", read-only" : "")"),
            (
                "  holds",
                "\(CountText.files(Int(store.files))), \(ByteCount.text(store.bytesUsed)); \(ByteCount.text(store.bytesFree)) free"
            ),
        ]
        if status.isUnmounted == true {
            rows.insert(("  unmounted", "and sends what was written; the next mount takes over"), at: 1)
        }
        if status.log != "stderr" { rows.append(("  log", status.log)) }
        for other in store.mounts where !other.isThisMount {
            rows.append(("  also open", "process \(other.pid) on \(other.host) since \(other.since)"))
        }
        if let far = status.far { rows += rowsOf(far) }
        rows += kept("  rejected", status.rejected, in: "rejected")
        rows += kept("  conflict", status.conflicts, in: "conflicts")
        for line in status.lastErrors.suffix(5) { rows.append(("  logged", "\(line.time) \(line.line)")) }
        for note in status.notes { rows.append(("  note", note)) }
        if isWhole {
            rows += status.can.map { ("  can", $0) }
            rows += status.cannot.map { ("  cannot", $0) }
        }
        return lines(rows)
    }

    private static func rowsOf(_ far: MountStatus.Far) -> [(String, String)] {
        var rows: [(String, String)] = [("  cache", far.cache)]
        if let bucket = far.bucket { rows += rowsOf(bucket, far.requests) }
        if let since = far.offlineSince {
            rows.append(("  offline", "since \(since)" + (far.lastError.map { ": \($0)" } ?? "")))
        }
        rows.append(
            (
                "  to send",
                far.pendingFiles == 0
                    ? "nothing" : "\(CountText.files(far.pendingFiles)), \(ByteCount.text(far.pendingBytes))"
            ))
        let most = 10
        for item in far.pending.prefix(most) {
            var text = "\(item.path), \(ByteCount.text(item.bytes)), \(item.state)"
            if item.tries > 0 { text += ", tried \(item.tries == 1 ? "once" : "\(item.tries) times")" }
            if let seconds = item.nextRetrySeconds { text += ", again in \(Int(seconds.rounded(.up))) s" }
            if let error = item.lastError { text += ": \(error)" }
            rows.append(("", "  " + text))
        }
        if far.pendingFiles > most { rows.append(("", "  and \(far.pendingFiles - most) more")) }
        if far.dirtyBytes > 0 {
            rows.append(
                ("  dirty", "\(ByteCount.text(far.dirtyBytes)) of at most \(ByteCount.text(far.dirtyBytesMax))"))
        }
        if !far.putsConditionally {
            rows.append(("  conflicts", "found at best effort: the far side has no conditional put"))
        }
        return rows
    }

    private static func rowsOf(_ bucket: MountStatus.Bucket, _ requests: [String: Int]) -> [(String, String)] {
        let conditions = bucket.keepsConditions.map { $0 ? "kept" : "not kept" } ?? "not known before the first put"
        let counts = ["get", "head", "put", "delete", "list"].map { "\($0) \(requests[$0] ?? 0)" }
        var rows = [
            ("  bucket", "\(bucket.name) at \(bucket.place); conditions of puts are \(conditions)"),
            ("  requests", counts.joined(separator: ", ")),
        ]
        if let cost = bucket.cost, let prices = bucket.prices {
            rows.append(("  cost", "about \(cost) since the mount began (\(prices))"))
        }
        return rows
    }

    private static func kept(
        _ label: String, _ versions: [MountStatus.Kept], in area: String
    ) -> [(String, String)] {
        let most = 10
        var rows = versions.prefix(most).map { (label, "\($0.path): \($0.words)") }
        if versions.count > most {
            rows.append((label, "and \(versions.count - most) more, see .persist/\(area)"))
        }
        return rows
    }

    private static func lines(_ rows: [(label: String, value: String)]) -> String {
        rows.map { row in
            row.value.isEmpty ? row.label : pad(row.label) + wrapped(row.value)
        }.joined(separator: "\n") + "\n"
    }

    private static func pad(_ label: String) -> String {
        label + String(repeating: " ", count: max(1, indent - label.count))
    }

    /// At spaces, a long path behind a slash. A name that is cut cannot be found again: a long one goes past the edge.
    private static func wrapped(_ value: String) -> String {
        // What belongs to the line above stands further in, all of it.
        let lead = value.prefix { $0 == " " }.count
        let margin = String(repeating: " ", count: lead)
        let width = columns - indent - lead
        var lines: [String] = []
        for word in value.dropFirst(lead).split(separator: " ", omittingEmptySubsequences: false) {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
                continue
            }
            lines.append("")
            for part in word.count <= width ? [word] : parts(of: word) {
                if lines[lines.count - 1].isEmpty || lines[lines.count - 1].count + part.count <= width {
                    lines[lines.count - 1] += part
                } else {
                    lines.append(String(part))
                }
            }
        }
        return lines.map { margin + $0 }.joined(separator: "\n" + String(repeating: " ", count: indent))
    }

    /// `a/b/c` is `a/`, `b/`, `c`.
    private static func parts(of path: Substring) -> [Substring] {
        var parts: [Substring] = []
        var rest = path
        while let slash = rest.firstIndex(of: "/") {
            let end = rest.index(after: slash)
            parts.append(rest[..<end])
            rest = rest[end...]
        }
        return rest.isEmpty ? parts : parts + [rest]
    }
}
