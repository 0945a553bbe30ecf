import Testing

@testable import FleetHubAPI

@Suite struct PercentDecodingTests {
    @Test(
        arguments: [
            ("", ""), ("a/b", "a/b"), ("a%2Fb%2f", "a/b/"), ("a+b", "a+b"), ("%25", "%"),
            ("%C3%A9é", "éé"), ("%", nil), ("%2", nil), ("%g0", nil), ("%+1", nil), ("%00", nil),
            ("%1f", nil), ("%7F", nil), ("%C3", nil), ("%C0%AF", nil), ("%ED%A0%80", nil),
        ] as [(String, String?)])
    func decodes(text: String, expected: String?) {
        #expect(PercentDecoding.decode(text) == expected)
    }

    @Test func isTotal() {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var state = seed
        let alphabet = Array("%%%012fFgé/\u{0}")
        for _ in 0..<5000 {
            var text = ""
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text.append(alphabet[Int(state >> 33) % alphabet.count])
            }
            // Whatever decodes has no escape's control characters, and is at most as long.
            if let decoded = PercentDecoding.decode(text) {
                #expect(decoded.utf8.count <= text.utf8.count)
                #expect(!decoded.utf8.contains(0))
            }
        }
    }
}
