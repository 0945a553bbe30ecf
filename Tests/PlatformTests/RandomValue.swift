import Platform
import TestSupport

extension Value {
    private static let texts = [
        "", "a", "é", "e\u{301}", "😀", "\0", "\u{1F}", "\"\\/", "\u{7F}\u{2028}", "\u{10FFFF}",
    ]

    /// A value as JSON can hold it: no bytes, no NaN.
    static func random(_ generator: inout SeededGenerator, depth: Int = 4) -> Value {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 7), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .int(Int64(bitPattern: generator.next()))
        case 3: return .int(Int64.random(in: -9...9, using: &generator))
        case 4:
            let number = Double(bitPattern: generator.next())
            return .number(number.isFinite ? number : 0.1)
        case 5: return .number(Double(Int64.random(in: -99...99, using: &generator)) / 8)
        case 6:
            let pieces = (0..<Int.random(in: 0...4, using: &generator))
                .map { _ in texts.randomElement(using: &generator) ?? "" }
            return .string(pieces.joined())
        case 7:
            return .array(
                (0..<Int.random(in: 0...4, using: &generator))
                    .map { _ in random(&generator, depth: depth - 1) })
        default:
            return .object(
                (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                    (
                        texts.randomElement(using: &generator) ?? "",
                        random(&generator, depth: depth - 1)
                    )
                })
        }
    }
}
