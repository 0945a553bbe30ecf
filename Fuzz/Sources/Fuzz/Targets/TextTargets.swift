import Platform

@testable import SyncProtocol

extension FuzzTarget {
    /// Eight bytes of milliseconds: every time has a text of one form, and times that stand in
    /// order have texts that do.
    static let time = FuzzTarget(
        name: "time",
        run: { bytes in
            var input = FuzzInput(bytes)
            for _ in 0..<FuzzInput.recordsMost where !input.isEmpty {
                let raw = Int64(bitPattern: input.number())
                let text = RFC3339.text(WallTime(milliseconds: raw))
                Oracle.expect(isTime(text), "\(raw) ms is \(text)")
                let next = RFC3339.text(WallTime(milliseconds: raw == .max ? raw : raw + 1))
                Oracle.expect(text <= next, "\(raw) ms is \(text), one more is \(next)")
            }
        },
        examples: [
            0, -1, 1_767_225_600_000, 951_782_400_000, .min, .max, 253_402_300_799_999,
        ].map(bytes), random: { bytes(Int64(bitPattern: $0.next())) },
        large: { generator in (0..<2000).flatMap { _ in bytes(Int64(bitPattern: generator.next())) }
        })

    private static func bytes(_ time: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: time >> (8 * $0)) }
    }

    private static func isTime(_ text: String) -> Bool {
        let pattern = Array("0000-00-00T00:00:00.000Z".utf8)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return text.utf8.count == pattern.count
            && zip(text.utf8, pattern).allSatisfy {
                $1 == UInt8(ascii: "0") ? digits.contains($0) : $0 == $1
            }
    }

    /// A path, or none.
    static let path = FuzzTarget(
        name: "path",
        run: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let path = Oracle.read({ try? TwinPath(text) }) else { return }
            Oracle.expect(path.text.utf8.elementsEqual(text.utf8), "\(text) has become another")
            Oracle.expect((try? TwinPath(path.text)) == path, "\(text) is not itself")
            Oracle.expect(path.segments.joined(separator: "/") == text, "\(text) has other parts")
            Oracle.expect(text.utf8.count <= TwinPath.bytesMaximum, "\(text) is too long")
            _ = path.answer
        },
        examples: [
            "reported/board/x", "desired/é", "config/a/b", "notes/", "sets//x", "counters/\0",
        ].map { Array($0.utf8) },
        large: { _ in Array(String(repeating: "reported/é/", count: 3000).utf8) })

    /// A selector, or none; one that is read selects what bears its labels.
    static let selector = FuzzTarget(
        name: "selector",
        run: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let selector = Oracle.read({ try? LabelSelector(text) }) else { return }
            Oracle.expect(selector.matches(selector.terms), "\(text) does not select its labels")
            let written = selector.terms.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
            let again = try? LabelSelector(written)
            Oracle.expect(again == selector, "\(text) is not \(written)")
        },
        examples: ["site=barn,rack=2", "a=", ",,a=b=c,", "a=1,a=2"].map { Array($0.utf8) },
        large: { _ in
            Array((0..<2000).map { "label\($0)=value" }.joined(separator: ",").utf8)
        })
}
