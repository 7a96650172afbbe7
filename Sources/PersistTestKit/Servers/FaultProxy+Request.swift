extension FaultProxy {
    /// A request as a rule sees it.
    public struct Request: Sendable {
        /// What S3 charges for, and tests ask for.
        public enum Kind: String, Sendable, CaseIterable {
            case list, get, head, put, copy, delete, multiDelete
            case initiate, part, complete, abort, listUploads
            /// Of a bucket as a whole, its settings, attributes of objects.
            case other
        }

        public let method: String
        /// As it was sent: percent-encoded, without the query.
        public let path: String
        public let kind: Kind
        /// From 1, of all that have come to this proxy.
        public let number: Int
        /// Of a part of an object.
        public let isRanged: Bool

        init(_ head: HTTPHead, number: Int) {
            let target = head.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
            method = head.method
            path = String(target[0])
            var names = Set(
                (target.count > 1 ? target[1] : "").split(separator: "&").map { String($0.prefix { $0 != "=" }) })
            // Some clients say there what they do already by the method.
            names.remove("x-id")
            kind = Self.kind(
                of: head.method, hasKey: path.dropFirst().split(separator: "/", maxSplits: 1).count > 1,
                query: names, isCopy: head["x-amz-copy-source"] != nil)
            self.number = number
            isRanged = head["range"] != nil
        }

        /// The bucket is the first part of the path: this is no server of DNS names.
        private static func kind(of method: String, hasKey: Bool, query: Set<String>, isCopy: Bool) -> Kind {
            switch method {
            case "HEAD": return .head
            case "GET" where hasKey: return query.isEmpty || query == ["versionId"] ? .get : .other
            case "GET" where query.contains("uploads"): return .listUploads
            case "GET": return query.isEmpty || query.contains("list-type") || query.contains("prefix") ? .list : .other
            case "PUT" where query.contains("uploadId"): return .part
            case "PUT" where hasKey && query.isEmpty: return isCopy ? .copy : .put
            case "POST" where query.contains("delete"): return .multiDelete
            case "POST" where query.contains("uploads"): return .initiate
            case "POST" where query.contains("uploadId"): return .complete
            case "DELETE" where query.contains("uploadId"): return .abort
            case "DELETE" where hasKey: return .delete
            default: return .other
            }
        }
    }
}
