import Glibc
import PersistMount

/// One live line on a terminal; elsewhere a line a minute. A summary at the end where there was anything to wait for.
final class Progress {
    private let isTerminal = isatty(2) != 0
    private var shown = false
    private var lastLine = -60.0

    func show(_ state: Synchronizing.State) {
        guard isTerminal || state.seconds - lastLine >= 60 else { return }
        if !isTerminal && state.seconds < 1 { return }
        lastLine = state.seconds
        shown = true
        write(Self.text(state))
    }

    static func text(_ state: Synchronizing.State) -> String {
        var text = "\(state.files) files, \(ByteCount.text(state.bytes)) to send"
        let done = state.bytesAtFirst - min(state.bytes, state.bytesAtFirst)
        if let offline = state.offline {
            text += "; no answer: \(offline)"
        } else if state.seconds > 1, done > 0 {
            let rate = Double(done) / state.seconds
            text += ", \(ByteCount.text(UInt64(rate)))/s, \(Int(Double(state.bytes) / rate) + 1) s left"
        }
        return String(text.prefix(79))
    }

    func end() {
        guard shown, isTerminal else { return }
        shown = false
        Standard.error(raw: "\r\u{1B}[K")
    }

    func end(with state: Synchronizing.State) {
        end()
        guard state.filesAtFirst > 0, state.seconds >= 1 else { return }
        try? Standard.print(
            "\(state.filesAtFirst) files, \(ByteCount.text(state.bytesAtFirst)), sent in \(Int(state.seconds.rounded())) s"
        )
    }

    private func write(_ text: String) {
        if isTerminal { Standard.error(raw: "\r\u{1B}[K" + text) } else { Standard.error(text) }
    }
}
