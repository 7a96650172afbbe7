/// Waits until `condition` holds, and fails when it has not come true in time.
///
/// For what another thread or process brings about. The limit is generous: it tells a slow machine from a bug.
public func eventually(
    _ what: String, within limit: Duration = .seconds(30), _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now + limit
    var pause = Duration.milliseconds(2)
    while true {
        if try await condition() { return }
        guard clock.now < end else { throw HarnessError("not within \(limit): \(what)") }
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(100))
    }
}
