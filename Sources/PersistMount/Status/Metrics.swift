/// `.persist/metrics` of a mount with a far side: what Prometheus reads (its text format, version 0.0.4).
enum Metrics {
    static func text(_ far: MountStatus.Far?) -> [UInt8] {
        guard let far else { return [] }
        var lines: [String] = []
        func gauge(_ name: String, _ help: String, _ value: String) {
            lines += [
                "# HELP persistfs_\(name) \(help)", "# TYPE persistfs_\(name) gauge", "persistfs_\(name) \(value)",
            ]
        }
        gauge("pending_files", "Files that the far side has not been sent.", "\(far.pendingFiles)")
        gauge("pending_bytes", "Their bytes.", "\(far.pendingBytes)")
        gauge("dirty_bytes", "Content that the far side does not have.", "\(far.dirtyBytes)")
        gauge("dirty_bytes_max", "How much that may be: then writers wait.", "\(far.dirtyBytesMax)")
        gauge("far_side_up", "1 where the last request was answered.", far.offlineSince == nil ? "1" : "0")
        lines += [
            "# HELP persistfs_requests_total Requests to the far side.", "# TYPE persistfs_requests_total counter",
        ]
        for (method, count) in far.requests.sorted(by: { $0.key < $1.key }) where method != "failed" {
            lines.append("persistfs_requests_total{method=\"\(method)\"} \(count)")
        }
        lines += [
            "# HELP persistfs_requests_failed_total Those of them that failed.",
            "# TYPE persistfs_requests_failed_total counter",
            "persistfs_requests_failed_total \(far.requests["failed"] ?? 0)",
        ]
        if let bucket = far.bucket {
            for (name, help, value) in [
                ("bytes_sent_total", "Bytes of requests to the bucket.", bucket.bytesSent),
                ("bytes_received_total", "Bytes of its answers.", bucket.bytesReceived),
            ] {
                lines += [
                    "# HELP persistfs_\(name) \(help)", "# TYPE persistfs_\(name) counter",
                    "persistfs_\(name) \(value ?? 0)",
                ]
            }
        }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }
}
