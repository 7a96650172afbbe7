internal import Persist

/// The uploads in parts of one object that were begun, and neither completed nor abandoned (ListMultipartUploads).
struct OpenUploads {
    let service: S3Service
    let name: [UInt8]
    /// For errors; nil: of no value.
    let key: StoreKey?

    func list() async throws(StoreError) -> [(id: String, begun: Timestamp)] {
        var request = S3Request("GET", nil)
        request.query = [("uploads", ""), ("encoding-type", "url"), ("prefix", String(decoding: name, as: UTF8.self))]
        let root: XMLElement
        switch try await service.send(request, about: key) {
        case .done(let response): root = try XMLReader.read(response.body)
        case .refused(let refusal): throw refusal.error(key, bucket: service.endpoint.bucket)
        }
        let isEncoded = root["EncodingType"]?.string == "url"
        return root.all("Upload").compactMap { element in
            guard let found = element["Key"]?.text, (isEncoded ? URLText.decode(found) : found) == name,
                let id = element["UploadId"]?.string,
                let begun = element["Initiated"].flatMap({ HTTPDate.nanoseconds(ofISO: $0.text) })
            else { return nil }
            return (id, Timestamp(nanoseconds: begun))
        }
    }

    /// Also of one that is not there any more.
    func abandon(_ id: String) async throws(StoreError) {
        var request = S3Request("DELETE", name)
        request.query = [("uploadId", id)]
        switch try await service.send(request, about: key) {
        case .done: return
        case .refused(let refusal) where refusal.isMissingUpload: return
        case .refused(let refusal): throw refusal.error(key, bucket: service.endpoint.bucket)
        }
    }
}
