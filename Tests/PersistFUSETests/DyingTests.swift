import Testing

@testable import PersistFUSE

@Suite("INTERRUPT")
struct DyingTests {
    @Test("only a caller with SIGKILL pending gives up waiting")
    func pendingSignals() {
        let calm = "Name:\tcp\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\n"
        #expect(!Dying.isDying(status: calm))
        // SIGALRM, of the thread; SIGCHLD, of the process.
        #expect(!Dying.isDying(status: "SigPnd:\t0000000000002000\nShdPnd:\t0000000000010000\n"))
        #expect(Dying.isDying(status: "SigPnd:\t0000000000000100\nShdPnd:\t0000000000000000\n"))
        #expect(Dying.isDying(status: "SigPnd:\t0000000000000000\nShdPnd:\t0000000000004100\n"))
        #expect(!Dying.isDying(1))
    }
}
