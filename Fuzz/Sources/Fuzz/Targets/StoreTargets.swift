import LinuxPlatform
import Platform
import TestSupport

@testable import SQLiteStore
@testable import SyncProtocol

extension FuzzTarget {
    /// A list of dots as the store keeps it, in a document of four epochs.
    static let slot = FuzzTarget(
        name: "slot",
        run: { bytes in
            guard let dots = SlotCodec.dots(bytes, document) else { return }
            let handles = dots.compactMap { dot in
                document.entries[dot.epoch].map { (handle: $0.handle, counter: dot.counter) }
            }
            Oracle.expect(handles.count == dots.count, "a dot of no epoch")
            let again = SlotCodec.dots(SlotCodec.encode(handles), document)
            Oracle.expect(again == dots, "\(dots) were read back as \(String(describing: again))")
        },
        random: { dots($0.number(0...6), &$0) }, large: { dots(8000, &$0) })

    private static func dots(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
        SlotCodec.encode(
            (0..<count).map { _ in
                (handle: Int64(generator.number(0...3)), counter: generator.counter())
            })
    }

    private static let document: DocumentContext = {
        var document = DocumentContext()
        for handle in 0..<4 {
            document.set(
                Epoch(nonce: UInt64(handle) + 2),
                DocumentContext.Entry(handle: Int64(handle), counter: 9, sequence: 0, floor: 0))
        }
        return document
    }()

    /// A configuration file.
    static let yaml = FuzzTarget(
        name: "yaml",
        run: { bytes in
            switch Oracle.read({ read(bytes) }) {
            case .success(let tree):
                Oracle.expect(
                    depth(tree) <= YAMLDocument.depthMax, "deeper than \(YAMLDocument.depthMax)")
            case .failure(let error):
                Oracle.expect(error.line >= 1, "an error in line \(error.line)")
                Oracle.expect(!error.description.contains("\n"), "an error of several lines")
            }
        },
        examples: [
            "device:\n  id: pi\n  labels: {site: barn, \"rack\": 2}\nuplink:\n  port: 1883\n",
            "- a\n- [1, 0x1F, .inf]\n- |\n  text\n  more\n- >-\n  folded\n",
            "%YAML 1.2\n---\n'a': !!str 1\n? b\n: \"\\x41\\u00e9\"\n...\n", "a: &x 1\nb: *x\n",
            "\u{FEFF}a:\tb\r\nc: ~\n", "a: {b: [c, {d: e}]}\na: 2\n",
        ].map { Array($0.utf8) },
        large: { _ in
            Array((0..<2000).map { "key\($0): {a: [1, 2], b: \"\($0)\"}\n" }.joined().utf8)
        })

    private static func read(_ bytes: [UInt8]) -> Result<ConfigurationNode, ConfigurationError> {
        Result { () throws(ConfigurationError) in
            try YAMLDocument.read(bytes, file: "agent.yaml")
        }
    }

    private static func depth(_ node: ConfigurationNode) -> Int {
        switch node.kind {
        case .scalar: 0
        case .sequence(let items): 1 + (items.map(depth).max() ?? 0)
        case .mapping(let entries): 1 + (entries.map { depth($0.value) }.max() ?? 0)
        }
    }
}
