import Glibc
import PersistMount

/// One live line on a terminal; elsewhere a line a minute. A summary at the end where there was anything to wait for.
final class Progress {
    private let isTerminal = isatty(2) != 0
    private var isShown = false
    private var lastLine = -60.0
    /// Why it waits, as it was said last, and when.
    private var reason: (text: String, seconds: Double)?

    func show(_ state: Synchronizing.State) {
        if state.seconds >= 1 { tell(Self.reason(state), at: state.seconds) }
        guard isTerminal || state.seconds >= 1 && state.seconds - lastLine >= 60 else { return }
        lastLine = state.seconds
        if isTerminal {
            isShown = true
            Standard.error(raw: "\r\u{1B}[K" + Self.text(state))
        } else {
            // Behind the command's name.
            Standard.error(Self.text(state, columns: 68))
        }
    }

    /// What is left, how fast it goes, how long it takes.
    static func text(_ state: Synchronizing.State, columns: Int = 79) -> String {
        let filesDone = state.filesAtFirst - min(state.files, state.filesAtFirst)
        let bytesDone = state.bytesAtFirst - min(state.bytes, state.bytesAtFirst)
        var text = "sent \(filesDone) of \(CountText.files(state.filesAtFirst))"
        if state.bytesAtFirst > 0 {
            text += ", \(ByteCount.text(bytesDone)) of \(ByteCount.text(state.bytesAtFirst))"
        }
        if state.offline != nil {
            text += "; waiting for the far side"
        } else if state.seconds > 1, filesDone > 0 {
            // By what is more of it: bytes, or files where they are small.
            let byFiles = Double(state.files) / Double(filesDone)
            let byBytes = bytesDone > 0 ? Double(state.bytes) / Double(bytesDone) : 0
            text +=
                byBytes > byFiles
                ? ", \(ByteCount.text(UInt64(Double(bytesDone) / state.seconds)))/s"
                : ", \(max(1, Int(Double(filesDone) / state.seconds))) files/s"
            text += ", \(duration(max(byFiles, byBytes) * state.seconds)) left"
        }
        return String(text.prefix(columns))
    }

    /// `8 s`, `3 min`, `2 h`: nobody knows it better.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(min(seconds, 1e9).rounded(.up))
        if whole < 100 { return "\(whole) s" }
        return whole < 6_000 ? "\((whole + 59) / 60) min" : "\((whole + 3_599) / 3_600) h"
    }

    private static func reason(_ state: Synchronizing.State) -> String? {
        if let offline = state.offline { return "the far side does not answer: \(offline)" }
        return state.refused.map { "the far side \($0)" }
    }

    /// Once, and again when it is another: at most once a minute, since it names one file of many.
    private func tell(_ reason: String?, at seconds: Double) {
        guard let reason, reason != self.reason?.text, self.reason.map({ seconds - $0.seconds >= 60 }) ?? true else {
            return
        }
        clear()
        Standard.error(reason)
        if self.reason == nil {
            Standard.error("Ctrl-C loses nothing: it stays on this disk until the far side has it.")
        }
        self.reason = (reason, seconds)
    }

    private func clear() {
        if isShown { Standard.error(raw: "\r\u{1B}[K") }
        isShown = false
    }

    func end() { clear() }

    func end(with state: Synchronizing.State) {
        clear()
        guard state.filesAtFirst > 0, state.seconds >= 1 else { return }
        try? Standard.print(
            "\(CountText.files(state.filesAtFirst)), \(ByteCount.text(state.bytesAtFirst)), sent in \(Self.duration(state.seconds))"
        )
    }
}
