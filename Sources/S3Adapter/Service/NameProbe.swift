internal import Persist

/// Finds out whether a bucket keeps names as they are. To servers that keep objects in directories `a//b` and `a\b` may be
/// `a/b`: two files would be one object, and who removes one would remove the other.
final class NameProbe: Sendable {
    private let keepsEmpty: AskedOnce
    private let keepsBackslashes: AskedOnce

    /// - Parameter prefix: of objects of our own.
    init(_ service: S3Service, below prefix: [UInt8]) {
        let asking = Asking(service: service, prefix: prefix)
        keepsEmpty = AskedOnce { () async throws(StoreError) in try await asking.isKept("//") }
        keepsBackslashes = AskedOnce { () async throws(StoreError) in try await asking.isKept("\\") }
    }

    /// - Throws: `.invalid` where the server would give the object another name.
    func require(_ name: [UInt8]) async throws(StoreError) {
        if name.contains(UInt8(ascii: "\\")), !(try await keepsBackslashes.ask()) {
            throw StoreError(.invalid, hint: "to this server a \\ in a name is a /: give it another name")
        }
        let slash = UInt8(ascii: "/")
        guard zip(name, name.dropFirst()).contains(where: { $0 == slash && $1 == slash }) else { return }
        guard try await keepsEmpty.ask() else {
            throw StoreError(
                .invalid, hint: "to this server a directory named % is none (// is /): give it another name")
        }
    }

    private struct Asking {
        let service: S3Service
        let prefix: [UInt8]

        /// Whether an object with that in its name is listed with it.
        func isKept(_ text: String) async throws(StoreError) -> Bool {
            // Another one each time: others may ask at the same moment.
            let prefix = prefix + Array(String(UInt64.random(in: .min ... .max), radix: 16).utf8)
            let name = prefix + Array("\(text)name".utf8)
            var request = S3Request("PUT", name)
            request.headers = [("content-type", "text/plain")]
            request.body = Array("which names are kept here\n".utf8)
            _ = try await sent(request)
            let page = try ListPage(try await sent(ListPage.request(prefix, from: nil, after: nil)).body)
            for name in Set([name] + page.objects.map(\.name)) { _ = try await sent(S3Request("DELETE", name)) }
            return page.objects.contains { $0.name == name }
        }

        private func sent(_ request: S3Request) async throws(StoreError) -> HTTPResponse {
            switch try await service.send(request, about: nil) {
            case .done(let response): return response
            case .refused(let refusal): throw refusal.error(nil, bucket: service.endpoint.bucket)
            }
        }
    }
}
