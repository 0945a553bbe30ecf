import Platform
import TestSupport

@testable import SyncProtocol

extension FuzzTarget {
    /// A value as stores keep it.
    static let value = FuzzTarget(
        name: "value",
        run: { bytes in
            guard let value = Oracle.read({ try? ValueCodec.decode(bytes) }) else { return }
            let encoded = ValueCodec.encode(value)
            let again = try? ValueCodec.decode(encoded)
            Oracle.expect(again == value, "\(value) was read back as \(String(describing: again))")
            if let again {
                Oracle.expect(ValueCodec.encode(again) == encoded, "\(value) has two encodings")
            }
        },
        random: { ValueCodec.encode($0.value()) }, large: { ValueCodec.encode(many(&$0)) })

    /// A JSON text. What is read is written as JSON that means the same.
    static let json = FuzzTarget(
        name: "json",
        run: { bytes in
            guard let value = Oracle.read({ try? JSONReader.read(bytes) }) else { return }
            let text = value.json
            let again = try? JSONReader.read(text)
            Oracle.expect(again == value, "\(text) was read back as \(String(describing: again))")
            Oracle.expect(again?.json == text, "\(text) has two forms")
        },
        examples: [
            "{\"a\":[1,-2.5e3,true,null],\"\\u00e9\\ud83d\\ude00\":\"\\n\"}", " [ ] ", "1e308",
            "-0", "9223372036854775808", "\"\\\"\\\\\\/\\b\\f\\r\\t\"", "0.1",
        ].map { Array($0.utf8) }, random: { Array($0.value().json.utf8) },
        large: { Array(many(&$0).json.utf8) })

    private static func many(_ generator: inout SeededGenerator) -> Value {
        .array((0..<1500).map { _ in generator.value() })
    }
}
