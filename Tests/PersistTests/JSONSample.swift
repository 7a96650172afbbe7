import Persist
import PersistTestKit

/// A random JSON value that can be written in many ways: objects without duplicate keys.
indirect enum JSONSample: Equatable {
    case word(String)
    /// mantissa × 10^exponent.
    case number(Int, exponent: Int)
    /// UTF-16 code units, halves of pairs of surrogates too.
    case string([UInt16])
    case array([JSONSample])
    case object([Member])

    struct Member: Equatable {
        var key: [UInt16]
        var value: JSONSample
    }

    static func random(_ random: inout Seeded, depth: Int) -> JSONSample {
        switch random.below(depth > 0 ? 7 : 4) {
        case 0: return .word(["null", "true", "false", "1e400", "-2E999"][random.below(5)])
        case 1: return .number(random.below(2_000_001) - 1_000_000, exponent: random.below(41) - 20)
        case 2: return .number(random.below(2_001) - 1_000, exponent: 0)
        case 3: return .string(units(&random))
        case 4: return .array((0..<random.below(4)).map { _ in .random(&random, depth: depth - 1) })
        default:
            var members: [Member] = []
            for _ in 0..<random.below(6) {
                let key = units(&random)
                guard !members.contains(where: { $0.key == key }) else { continue }
                members.append(Member(key: key, value: .random(&random, depth: depth - 1)))
            }
            return .object(members)
        }
    }

    static func units(_ random: inout Seeded) -> [UInt16] {
        let pieces: [[UInt16]] = [
            [0x61], [0x62], [0x5A], [0x22], [0x5C], [0x2F], [0x0A], [0x00], [0x1F], [0x7F], [0xE9], [0x20AC],
            [0xD83D, 0xDE00], [0xD83D], [0xDE00], [0xE000], [0xFFFF],
        ]
        return (0..<random.below(4)).flatMap { _ in pieces[random.below(pieces.count)] }
    }

    /// One of its spellings: white space, the order of keys, escapes and the form of numbers differ.
    func spelled(_ random: inout Seeded) -> [UInt8] {
        let inner: [UInt8]
        switch self {
        case .word(let word): inner = bytes(word)
        case .number(let mantissa, let exponent): inner = Self.spell(mantissa, exponent, &random)
        case .string(let units): inner = Self.spell(units, &random)
        case .array(let values):
            inner = bytes("[") + Self.join(values.map { $0.spelled(&random) }, &random) + bytes("]")
        case .object(let members):
            let spelled = members.shuffled(using: &random).map { member in
                Self.spell(member.key, &random) + Self.space(&random) + bytes(":") + member.value.spelled(&random)
            }
            inner = bytes("{") + Self.join(spelled, &random) + bytes("}")
        }
        return Self.space(&random) + inner + Self.space(&random)
    }

    /// Its canonical form.
    var form: [UInt8]? { CanonicalJSON.form(of: plain) }

    /// The plainest of its spellings: all of every string escaped.
    private var plain: [UInt8] {
        switch self {
        case .word(let word): bytes(word)
        case .number(let mantissa, let exponent): bytes("\(mantissa)e\(exponent)")
        case .string(let units): Self.plain(units)
        case .array(let values): bytes("[") + Array(values.map(\.plain).joined(separator: bytes(","))) + bytes("]")
        case .object(let members):
            bytes("{")
                + Array(members.map { Self.plain($0.key) + bytes(":") + $0.value.plain }.joined(separator: bytes(",")))
                + bytes("}")
        }
    }

    private static func plain(_ units: [UInt16]) -> [UInt8] {
        bytes("\"") + units.flatMap { escape($0, isUpper: false) } + bytes("\"")
    }

    private static func join(_ parts: [[UInt8]], _ random: inout Seeded) -> [UInt8] {
        var result = space(&random)
        for (index, part) in parts.enumerated() {
            if index > 0 { result += bytes(",") + space(&random) }
            result += part
        }
        return result
    }

    private static func space(_ random: inout Seeded) -> [UInt8] {
        random.below(3) == 0 ? random.join([bytes(" "), bytes("\n"), bytes("\t"), bytes("\r")], upTo: 2) : []
    }

    private static func spell(_ mantissa: Int, _ exponent: Int, _ random: inout Seeded) -> [UInt8] {
        let sign = mantissa < 0 ? "-" : ""
        let digits = String(mantissa.magnitude)
        switch random.below(4) {
        case 0 where exponent == 0: return bytes(sign + digits)
        case 1: return bytes("\(sign)\(digits)\(mantissa == 0 ? "" : "00")e\(mantissa == 0 ? 0 : exponent - 2)")
        case 2: return bytes("\(sign)\(digits).000E\(exponent < 0 ? "" : "+")\(exponent)")
        default: return bytes("\(sign)\(digits.prefix(1)).\(digits.dropFirst())0e\(exponent + digits.count - 1)")
        }
    }

    private static func spell(_ units: [UInt16], _ random: inout Seeded) -> [UInt8] {
        var result = bytes("\"")
        var rest = units[...]
        while let unit = rest.popFirst() {
            if random.below(4) == 0 {
                result += escape(unit, isUpper: random.below(2) == 0)
            } else if UTF16.isLeadSurrogate(unit), let trail = rest.first, UTF16.isTrailSurrogate(trail) {
                rest.removeFirst()
                result += String(decoding: [unit, trail], as: UTF16.self).utf8
            } else if unit < 0x20 || unit == 0x22 || unit == 0x5C || Unicode.Scalar(unit) == nil {
                result += escape(unit, isUpper: random.below(2) == 0)
            } else {
                result += String(decoding: [unit], as: UTF16.self).utf8
            }
        }
        return result + bytes("\"")
    }

    private static func escape(_ unit: UInt16, isUpper: Bool) -> [UInt8] {
        if unit == 0x0A && isUpper { return bytes("\\n") }
        let digits = String(unit, radix: 16, uppercase: isUpper)
        return bytes("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
    }
}
