internal import Persist

/// What S3 says when it does not do something: the status, and the code in its answer.
struct S3Refusal: Equatable {
    let status: Int
    /// `NoSuchKey`; empty where the answer had none (HEAD).
    let code: String
    let message: String

    init(_ response: HTTPResponse) {
        status = response.status
        let error = try? XMLReader.read(response.body)
        code = error?["Code"]?.string ?? ""
        message = error?["Message"]?.string ?? ""
    }

    init(status: Int, code: String, message: String = "") {
        self.status = status
        self.code = code
        self.message = message
    }

    /// By S3's own word alone: a 404 of whatever stands in between says nothing about the object.
    var isMissingKey: Bool { status == 404 && code == "NoSuchKey" }
    /// A copy in one request is of 5 GiB at most.
    var isTooLargeToCopy: Bool {
        code == "EntityTooLarge" || code == "InvalidRequest" && message.contains("copy source")
    }
    var isMissingUpload: Bool { code == "NoSuchUpload" }
    /// It has other parts than those that are named: they are to be sent anew.
    var isOfOtherParts: Bool { ["InvalidPart", "InvalidPartOrder", "EntityTooSmall"].contains(code) }
    var isPrecondition: Bool { status == 412 }
    /// The server may not know the header of a condition.
    var isUnknownCondition: Bool { ([400, 501].contains(status) || code == "NotImplemented") && !isExpired }
    /// The server's clock and ours are too far apart.
    var isSkewed: Bool { code == "RequestTimeTooSkewed" }
    var isExpired: Bool { ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"].contains(code) }

    /// It holds no object beside those below its name, and there are some. JuiceFS's gateway has no code for it: it is an
    /// internal error to it, of this cause.
    var isOfDirectory: Bool { code == "XMinioObjectExistsAsDirectory" || message.hasSuffix("cause(is a directory)") }
    /// The same of an object below the name of another one.
    var isBelowObject: Bool { code == "XMinioParentIsObject" || message.hasSuffix("cause(not a directory)") }

    /// Worth another try soon.
    var isPassing: Bool {
        if isOfDirectory || isBelowObject { return false }
        return [408, 429, 500, 502, 503, 504].contains(status)
            || ["SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "OperationAborted"].contains(code)
            || code == "ConditionalRequestConflict"
    }

    /// In words for a person, with what to do about it.
    func error(_ key: StoreKey?, bucket: String) -> StoreError {
        func error(_ kind: StoreError.Kind, _ words: String) -> StoreError {
            StoreError(kind, key: key, code: Int32(status), hint: words)
        }
        let said = [code, message].filter { !$0.isEmpty }.joined(separator: ": ")
        if isPassing { return error(.timedOut, "S3 is busy" + (said.isEmpty ? "" : " (\(said))")) }
        if isOfDirectory {
            return error(
                .isDirectory,
                "this server holds no object beside those below its name, and there are some: give one of them another name"
            )
        }
        if isBelowObject {
            return error(
                .notDirectory,
                "this server holds no object below the name of another one, and there is one: give one of them another name"
            )
        }
        switch (status, code) {
        case (_, "NoSuchBucket"): return error(.io, "there is no bucket '\(bucket)' there")
        case (_, "InvalidAccessKeyId"): return error(.accessDenied, "S3 does not know this access key")
        case (_, "SignatureDoesNotMatch"):
            return error(
                .accessDenied, "the secret access key is not the one of this access key, or the region is wrong")
        case (_, "AuthorizationHeaderMalformed"), (301, _), (307, _):
            return error(.io, "the bucket '\(bucket)' is in another region" + (said.isEmpty ? "" : " (\(said))"))
        case (_, "EntityTooLarge"), (413, _): return error(.tooLarge, "S3 takes no object of this size")
        case (_, "QuotaExceeded"), (507, _): return error(.quotaExceeded, "the bucket is full (\(said))")
        case (401, _), (403, _):
            return error(.accessDenied, "S3 does not allow it" + (said.isEmpty ? "" : " (\(said))"))
        case (501, _), (405, _):
            return error(.unsupported, "this server cannot do it" + (said.isEmpty ? "" : " (\(said))"))
        default: return error(.io, said.isEmpty ? "S3 answered with status \(status)" : said)
        }
    }
}
