public import Platform

/// What was found, on disk, so that the agent's next start puts it back. It holds for one boot: the
/// kernel forgets its knobs with the next.
public enum KnobRecord {
    /// Bytes of a record at most.
    public static let bytesMax = 65_536

    public static func encode(_ held: [String: KnobKeeper.Held], boot: BootID) -> [UInt8] {
        let knobs = held.sorted { $0.key < $1.key }.map { path, knob in
            (
                path,
                Value.object([
                    ("name", .string(knob.name)), ("rule", .string(knob.rule.rawValue)),
                    ("found", .string(knob.found)),
                    ("written", .array(knob.written.map { .string($0) })),
                ])
            )
        }
        let value = Value.object([
            ("boot", .string(String(boot.rawValue, radix: 16))), ("knobs", .object(knobs)),
        ])
        return Array(value.json.utf8)
    }

    /// What is held under this boot; empty for a record of another boot, and for what is none.
    public static func decode(_ bytes: [UInt8], boot: BootID) -> [String: KnobKeeper.Held] {
        guard bytes.count <= bytesMax,
            let value = try? JSONReader.read(String(decoding: bytes, as: UTF8.self)),
            value["boot"]?.stringValue == String(boot.rawValue, radix: 16),
            let knobs = value["knobs"]?.mapValue
        else { return [:] }
        var held: [String: KnobKeeper.Held] = [:]
        for entry in knobs.prefix(KnobKeeper.knobsMax) where isKnob(entry.key) {
            let (path, knob) = (entry.key, entry.value)
            let written = (knob["written"]?.arrayValue ?? []).compactMap(\.stringValue).suffix(2)
            guard let name = knob["name"]?.stringValue, !written.isEmpty,
                let rule = knob["rule"]?.stringValue.flatMap({ Knob.Rule(rawValue: $0) }),
                let found = knob["found"]?.stringValue
            else { continue }
            held[path] = KnobKeeper.Held(
                name: name, rule: rule, found: found, written: Array(written))
        }
        return held
    }

    /// A record names nothing to write to but sysfs.
    private static func isKnob(_ path: String) -> Bool {
        path.hasPrefix("/sys/") && !path.split(separator: "/").contains("..")
    }
}
