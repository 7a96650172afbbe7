import CFuse3
import Glibc
import Synchronization

/// What libfuse would write to standard error: gathered while a session is made, else told to the log.
///
/// libfuse has one log function for the whole process, so this is one too.
enum LibfuseMessages {
    private struct State {
        var gathered = ""
        var gatherers = 0
        var sink: RefusalLog?
    }

    private static let state = Mutex(State())
    private static let gatheredBytesMax = 4096

    /// Messages go here from now on, where nobody gathers them.
    static func send(to sink: RefusalLog?) { state.withLock { $0.sink = sink } }

    /// Gathers what is said until `gathered()`.
    static func gather() {
        fuse_set_log_func { level, format, arguments in
            guard level.rawValue <= FUSE_LOG_WARNING.rawValue, let format, let arguments else { return }
            LibfuseMessages.note(format, arguments)
        }
        state.withLock { $0.gatherers += 1 }
    }

    static func gathered() -> String {
        state.withLock { state in
            state.gatherers -= 1
            defer { if state.gatherers == 0 { state.gathered = "" } }
            return onOneLine(state.gathered)
        }
    }

    private static func note(_ format: UnsafePointer<CChar>, _ arguments: CVaListPointer) {
        // A message may come in several pieces.
        let piece = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
            _ = vsnprintf(buffer.baseAddress, buffer.count, format, arguments)
            return String(cString: buffer.baseAddress!)
        }
        let sink: RefusalLog? = state.withLock { state in
            guard state.gatherers > 0 else { return state.sink }
            if state.gathered.utf8.count < gatheredBytesMax { state.gathered += piece }
            return nil
        }
        sink?.write(onOneLine(piece))
    }

    private static func onOneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: "; ")
    }
}
