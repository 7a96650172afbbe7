/// renameat2(2).
public struct Rename: Sendable {
    public enum Mode: Sendable { case replace, noReplace, exchange }

    public var parent: NodeID
    public var name: FileName
    public var newParent: NodeID
    public var newName: FileName
    public var mode: Mode
    /// By exchange: the node that the new name must lead to; `.exists` where it leads to another by now.
    public var target: NodeID?

    public init(
        parent: NodeID, name: FileName, newParent: NodeID, newName: FileName, mode: Mode = .replace,
        target: NodeID? = nil
    ) {
        self.parent = parent
        self.name = name
        self.newParent = newParent
        self.newName = newName
        self.mode = mode
        self.target = target
    }
}

public struct Renamed: Sendable {
    /// The node that now has the new name. Over a stream: the stream, which took what the source had more (R8).
    public var node: Node
    /// What had the new name and lost it (or, by exchange, has the old one now).
    public var replaced: Node?
    /// Over a stream: the source's id, which is gone; the name's entry is to be invalidated.
    public var absorbed: NodeID?

    public init(node: Node, replaced: Node?, absorbed: NodeID? = nil) {
        self.node = node
        self.replaced = replaced
        self.absorbed = absorbed
    }
}
