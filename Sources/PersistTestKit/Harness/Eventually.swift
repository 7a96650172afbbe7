/// Waits until `condition` holds, and fails when it has not come true in time.
///
/// For what another thread or process brings about. The limit is generous: it tells a slow machine from a bug.
/// A command that fails (no such file, yet) is a condition that has not come true.
public func eventually(
    _ what: String, within limit: Duration = .seconds(30), _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now + limit
    var pause = Duration.milliseconds(2)
    while true {
        var failure = ""
        do {
            if try await condition() { return }
        } catch let error as HarnessError where !error.isFinal {
            failure = "\n\(error)"
        }
        guard clock.now < end else { throw HarnessError("not within \(limit): \(what)\(failure)") }
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(100))
    }
}
