internal import Persist
internal import ProcessAdapter
internal import S3Adapter
internal import WriteBackCache

extension MountStatus {
    /// What a far side has not been told of, and how it answers.
    public struct Far: Codable, Sendable {
        /// The local copy.
        public var cache: String
        public var pendingFiles: Int
        public var pendingBytes: UInt64
        /// Of these with a failure since their last success, and on their way now.
        public var pendingFailing: Int?
        public var pendingUploading: Int?
        /// Content that it does not have, of all files, and how much that may be (`dirty_max`, and the disk).
        public var dirtyBytes: UInt64
        public var dirtyBytesMax: UInt64
        /// Edits of two machines are always found (R10); else at best effort: it is looked before a put.
        public var putsConditionally: Bool
        /// The number of the first change that has not been sent; `.persist/sync` gives that of the last.
        public var firstPending: Int64?
        /// The first of them.
        public var pending: [Pending]
        /// It has not answered since then.
        public var offlineSince: String?
        public var lastError: String?
        /// When the last complete look at what it has began.
        public var lastLook: String?
        /// nil: of an older version.
        public var looks: Looks?
        /// By method, since the mount began; failures are those of any of them.
        public var requests: [String: Int]
        /// Of S3.
        public var bucket: Bucket?
    }

    /// Looks at what it has are counted as they begin; `.persist/refresh` begins one, and gives its number.
    public struct Looks: Codable, Sendable {
        /// The last that came to its end, and the last that failed; 0: none has.
        public var ended: Int64
        public var failed: Int64
        /// Of that one.
        public var error: String?
    }

    public struct Bucket: Codable, Sendable {
        public var name: String
        public var prefix: String
        /// A URL, or a region of AWS.
        public var place: String
        /// Whether it looks at the conditions of a put; nil: none has been made yet.
        public var keepsConditions: Bool?
        /// Of bodies, since the mount began.
        public var bytesSent: UInt64?
        public var bytesReceived: UInt64?
        /// What the requests cost, about, and by which prices.
        public var cost: String?
        public var prices: String?
    }

    public struct Pending: Codable, Sendable {
        public var path: String
        public var bytes: UInt64
        public var since: String
        /// `uploading`, `waiting`, `refused`.
        public var state: String
        public var tries: Int
        public var nextRetrySeconds: Double?
        public var lastError: String?
    }
}

extension MountStatus.Far {
    /// Its file is named beside it.
    private static func withoutKey(_ words: String, of path: [UInt8]) -> String {
        let shown = "\(StoreKey(path))"
        let names = [shown, shown.hasSuffix(".json") ? String(shown.dropLast(5)) : shown]
        return names.first { words.hasPrefix($0 + ": ") }.map { String(words.dropFirst($0.count + 2)) } ?? words
    }

    /// - Parameter trouble: the adapter does not run, though requests still wait for it.
    init(_ status: CacheStatus, cache: String, trouble: Trouble?, s3: S3Adapter?) {
        self.cache = ShownText.line(cache)
        pendingFiles = status.pendingCount
        pendingBytes = status.pendingBytes
        pendingFailing = status.pendingFailing
        pendingUploading = status.pendingUploading
        dirtyBytes = status.dirtyBytes
        dirtyBytesMax = status.dirtyBytesMax
        putsConditionally = status.putsConditionally
        firstPending = status.firstGeneration
        pending = status.pending.map { item in
            MountStatus.Pending(
                path: ShownText.line(item.path), bytes: item.bytes, since: TimeText.text(item.since),
                state: item.isUploading ? "uploading" : item.isRefused ? "refused" : "waiting", tries: item.tries,
                nextRetrySeconds: item.nextMilliseconds.map { Double($0) / 1_000 },
                lastError: item.lastError.map { ShownText.line(Self.withoutKey($0, of: item.path)) })
        }
        offlineSince = (status.offlineSince ?? trouble?.since).map { TimeText.text($0) }
        // How a process ended says more than that it did not answer in time.
        lastError = (trouble.map { "the adapter does not run: \($0.words)" } ?? status.offlineError).map {
            ShownText.line($0)
        }
        lastLook = status.lastLook.map { TimeText.text($0) }
        looks = MountStatus.Looks(
            ended: status.looks.ended, failed: status.looks.failed, error: status.looks.error.map { ShownText.line($0) }
        )
        requests = [
            "get": status.gets, "put": status.puts, "delete": status.deletes, "list": status.lists,
            "failed": status.failures,
        ]
        guard let s3 else { return }
        bucket = MountStatus.Bucket(
            name: ShownText.line(s3.options.bucket), prefix: ShownText.line(s3.options.prefix),
            place: ShownText.line(s3.options.endpoint ?? "AWS, \(s3.options.region)"),
            keepsConditions: s3.keepsConditions)
        // As they were sent: those that were sent again, and what was asked to try conditions, are among them.
        let (sent, prices) = (s3.requests, s3.options.prices)
        bucket?.bytesSent = sent.bytesSent
        bucket?.bytesReceived = sent.bytesReceived
        bucket?.cost = "\(PriceText.text(sent.cost(at: prices))) \(ShownText.line(prices.currency))"
        bucket?.prices =
            "put and list \(PriceText.text(prices.put)), get and head \(PriceText.text(prices.get)) a thousand, "
            + "\(PriceText.text(prices.gigabyte)) a GB received"
        for (name, count) in [
            ("get", sent.gets), ("head", sent.heads), ("put", sent.puts), ("delete", sent.deletes),
            ("list", sent.lists),
        ] { requests[name] = count }
    }
}
