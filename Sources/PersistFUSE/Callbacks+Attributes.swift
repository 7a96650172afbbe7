import CFuse3
import Glibc
import Persist
import PersistVFS

/// Attributes: GETATTR, SETATTR, and extended ones.
extension Callbacks {
    static func addAttributes(to table: inout fuse_lowlevel_ops) {
        table.getattr = { request, node, _ in
            let request = Request(request)
            request.answer("stat", .node(node)) { () throws(StoreError) in
                try request.fileSystem.getattr(NodeID(node))
            } finish: { reply, attributes in
                reply.attributes(attributes)
            }
        }
        table.setattr = { request, node, attributes, valid, info in
            let request = Request(request)
            let setting = AttributeSetting(attributes!.pointee, valid: valid)
            let handle = info?.pointee.fh
            request.answer("setattr", .node(node)) { () throws(StoreError) in
                try request.fileSystem.setattr(NodeID(node), setting, handle: handle, request.caller)
            } finish: { reply, attributes in
                reply.attributes(attributes)
            }
        }
        table.getxattr = { request, node, name, size in
            let request = Request(request)
            let name = [UInt8](cString: name)
            guard Callbacks.isUsers(name) else { return request.refuse(EOPNOTSUPP) }
            request.answer("getxattr", .node(node)) { () throws(StoreError) in
                try request.fileSystem.getxattr(name, of: NodeID(node))
            } finish: { reply, value in
                reply.attribute(value, size: size)
            }
        }
        table.setxattr = { request, node, name, value, size, flags in
            let request = Request(request)
            let name = [UInt8](cString: name)
            guard Callbacks.isUsers(name) else { return request.refuse(EOPNOTSUPP) }
            guard let mode = AttributeMode(linux: flags) else { return request.refuse(EINVAL) }
            let value = [UInt8](UnsafeRawBufferPointer(start: value, count: size))
            request.answer("setxattr", .node(node)) { () throws(StoreError) in
                try request.fileSystem.setxattr(name, to: value, mode: mode, of: NodeID(node), request.caller)
            }
        }
        table.listxattr = { request, node, size in
            let request = Request(request)
            request.answer("listxattr", .node(node)) { () throws(StoreError) in
                try request.fileSystem.listxattr(NodeID(node))
            } finish: { reply, names in
                reply.attribute(names.flatMap { $0 + [0] }, size: size)
            }
        }
        table.removexattr = { request, node, name in
            let request = Request(request)
            let name = [UInt8](cString: name)
            guard Callbacks.isUsers(name) else { return request.refuse(EOPNOTSUPP) }
            request.answer("removexattr", .node(node)) { () throws(StoreError) in
                try request.fileSystem.removexattr(name, of: NodeID(node), request.caller)
            }
        }
    }

    /// `security.*`, `trusted.*` and `system.*` are answered here, for the kernel asks for some of them before each
    /// write, and sed, cp, mv and vim ask for ACLs before they fall back to chmod.
    private static func isUsers(_ name: [UInt8]) -> Bool { name.starts(with: "user.".utf8) }
}

extension AttributeMode {
    /// From the flags of setxattr(2).
    init?(linux flags: Int32) {
        switch flags {
        case 0: self = .set
        case 1: self = .create
        case 2: self = .replace
        default: return nil
        }
    }
}
