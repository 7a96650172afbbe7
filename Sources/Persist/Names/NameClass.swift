/// What a name makes of a regular file (DESIGN section 1).
public enum NameClass: UInt8, Sendable {
    /// `*.json` in records/, any file in kv/, `*.jsonl`, `*.ndjson`, `*.log` in events/: a value, or a log.
    case document = 1
    /// Any other name: the rules of blobs/.
    case plain = 2
    /// A name that programs give to what they will soon rename or remove.
    case temporary = 3
}
