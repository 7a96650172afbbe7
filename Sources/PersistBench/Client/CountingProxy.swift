internal import Glibc
internal import PersistTestKit

/// A proxy before a server of S3 that delays and counts all requests, for as long as somebody speaks to it.
///
/// It prints where it listens; then each line of standard input has one line as its answer:
///
/// - `latency MILLISECONDS`: so long each request waits from now on. Forgets what was counted.
/// - `counts`: what has come since: `KIND=REQUESTS,BYTES-SENT,BYTES-RECEIVED ...`; bytes are those of bodies.
/// - `stored`: how many objects were put, copied or completed.
struct CountingProxy {
    let server: String

    func run() throws(Failure) {
        let proxy: FaultProxy
        do throws(HarnessError) { proxy = try FaultProxy(before: server) } catch { throw Failure(error.description) }
        defer { proxy.end() }
        Bench.say(proxy.endpoint)
        while let line = readLine() {
            Bench.say(try answer(to: line.split(separator: " "), proxy))
        }
    }

    private func answer(to words: [Substring], _ proxy: FaultProxy) throws(Failure) -> String {
        switch words.first {
        case "latency":
            guard words.count == 2, let milliseconds = Int(words[1]), milliseconds >= 0 else { break }
            proxy.latency = .milliseconds(milliseconds)
            proxy.forget()
            return "done"
        case "counts":
            let counts = proxy.counts
            return FaultProxy.Request.Kind.allCases.compactMap { kind in
                let tally = counts[kind]
                guard tally.requests > 0 else { return nil }
                return "\(kind.rawValue)=\(tally.requests),\(tally.bytesSent),\(tally.bytesReceived)"
            }.joined(separator: " ")
        case "stored":
            let counts = proxy.counts
            let objects = counts[.put].requests + counts[.copy].requests + counts[.complete].requests
            return "\(objects) \(counts[.put].bytesSent + counts[.part].bytesSent)"
        default: break
        }
        throw Failure("not understood: \(words.joined(separator: " "))")
    }
}
