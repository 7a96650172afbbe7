public import Persist

/// One step of a random sequence. What it prints is Swift, ready to paste into a test.
///
/// Slots name what lives longer than one step: a draft, a tail, a held node. A step on an empty slot does nothing.
public enum StoreOperation: Sendable, CustomStringConvertible {
    case create(String)
    case directory(String)
    case symlink(String, target: String)
    case put(String, String)
    /// With the revision that the slot's draft began from.
    case putBased(String, String, slot: Int)
    case append(String, String, continuing: Bool, unterminated: Bool)
    case unlink(String)
    case removeDirectory(String)
    case rename(String, to: String)
    case renameNew(String, to: String)
    case exchange(String, with: String)
    case setMode(String, UInt16)
    case setTimes(String)
    case setAttribute(String, String, String)
    case removeAttribute(String, String)
    case openDraft(Int, String)
    /// A whole chunk.
    case writeChunk(Int, index: Int, byte: UInt8)
    /// The last chunk, and the end of the file after so many bytes of it.
    case writeEnd(Int, index: Int, count: Int, byte: UInt8)
    /// A part of a chunk.
    case patchChunk(Int, index: Int, at: Int, count: Int, byte: UInt8)
    case cutDraft(Int, size: Int)
    case punchDraft(Int, Range<UInt64>)
    /// Chunks of what has a name, or of the draft of the other slot or of this one.
    case share(Int, String, Range<UInt64>, to: UInt64)
    case shareDraft(Int, of: Int, Range<UInt64>, to: UInt64)
    case keepDraft(Int)
    case publishDraft(Int)
    case dropDraft(Int)
    case keepTail(Int, String, String)
    case joinTail(Int, String)
    case dropTail(Int)
    case hold(Int, String)
    case release(Int)
    case keepRejected(String, String)
    case foreignPut(Namespace, String, String)
    case foreignDelete(Namespace, String)
    case reopen

    public var description: String {
        switch self {
        case .create(let path): ".create(\(path.debugDescription))"
        case .directory(let path): ".directory(\(path.debugDescription))"
        case .symlink(let path, let target):
            ".symlink(\(path.debugDescription), target: \(target.debugDescription))"
        case .put(let path, let text): ".put(\(path.debugDescription), \(text.debugDescription))"
        case .putBased(let path, let text, let slot):
            ".putBased(\(path.debugDescription), \(text.debugDescription), slot: \(slot))"
        case .append(let path, let text, let continuing, let unterminated):
            ".append(\(path.debugDescription), \(text.debugDescription), continuing: \(continuing), "
                + "unterminated: \(unterminated))"
        case .unlink(let path): ".unlink(\(path.debugDescription))"
        case .removeDirectory(let path): ".removeDirectory(\(path.debugDescription))"
        case .rename(let path, let new): ".rename(\(path.debugDescription), to: \(new.debugDescription))"
        case .renameNew(let path, let new): ".renameNew(\(path.debugDescription), to: \(new.debugDescription))"
        case .exchange(let path, let new): ".exchange(\(path.debugDescription), with: \(new.debugDescription))"
        case .setMode(let path, let mode): ".setMode(\(path.debugDescription), \(mode))"
        case .setTimes(let path): ".setTimes(\(path.debugDescription))"
        case .setAttribute(let path, let name, let value):
            ".setAttribute(\(path.debugDescription), \(name.debugDescription), \(value.debugDescription))"
        case .removeAttribute(let path, let name):
            ".removeAttribute(\(path.debugDescription), \(name.debugDescription))"
        case .openDraft(let slot, let path): ".openDraft(\(slot), \(path.debugDescription))"
        case .writeChunk(let slot, let index, let byte): ".writeChunk(\(slot), index: \(index), byte: \(byte))"
        case .writeEnd(let slot, let index, let count, let byte):
            ".writeEnd(\(slot), index: \(index), count: \(count), byte: \(byte))"
        case .patchChunk(let slot, let index, let offset, let count, let byte):
            ".patchChunk(\(slot), index: \(index), at: \(offset), count: \(count), byte: \(byte))"
        case .cutDraft(let slot, let size): ".cutDraft(\(slot), size: \(size))"
        case .punchDraft(let slot, let chunks): ".punchDraft(\(slot), \(chunks))"
        case .share(let slot, let path, let chunks, let target):
            ".share(\(slot), \(path.debugDescription), \(chunks), to: \(target))"
        case .shareDraft(let slot, let source, let chunks, let target):
            ".shareDraft(\(slot), of: \(source), \(chunks), to: \(target))"
        case .keepDraft(let slot): ".keepDraft(\(slot))"
        case .publishDraft(let slot): ".publishDraft(\(slot))"
        case .dropDraft(let slot): ".dropDraft(\(slot))"
        case .keepTail(let slot, let path, let text):
            ".keepTail(\(slot), \(path.debugDescription), \(text.debugDescription))"
        case .joinTail(let slot, let text): ".joinTail(\(slot), \(text.debugDescription))"
        case .dropTail(let slot): ".dropTail(\(slot))"
        case .hold(let slot, let path): ".hold(\(slot), \(path.debugDescription))"
        case .release(let slot): ".release(\(slot))"
        case .keepRejected(let path, let text):
            ".keepRejected(\(path.debugDescription), \(text.debugDescription))"
        case .foreignPut(let namespace, let key, let value):
            ".foreignPut(.\(namespace), \(key.debugDescription), \(value.debugDescription))"
        case .foreignDelete(let namespace, let key): ".foreignDelete(.\(namespace), \(key.debugDescription))"
        case .reopen: ".reopen"
        }
    }

    /// Where to look after it, besides the slots.
    var paths: [String] {
        switch self {
        case .create(let path), .directory(let path), .symlink(let path, _), .put(let path, _),
            .putBased(let path, _, _), .append(let path, _, _, _), .unlink(let path), .removeDirectory(let path),
            .setMode(let path, _), .setTimes(let path), .setAttribute(let path, _, _), .removeAttribute(let path, _),
            .openDraft(_, let path), .share(_, let path, _, _), .keepTail(_, let path, _), .hold(_, let path):
            [path]
        case .rename(let path, let new), .renameNew(let path, let new), .exchange(let path, let new): [path, new]
        case .foreignPut(let namespace, let key, _), .foreignDelete(let namespace, let key):
            ["\(namespace)/\(key)" + (namespace == .records ? ".json" : "")]
        case .writeChunk, .writeEnd, .patchChunk, .cutDraft, .punchDraft, .shareDraft, .keepDraft, .publishDraft,
            .dropDraft,
            .joinTail, .dropTail, .release, .keepRejected, .reopen:
            []
        }
    }
}
