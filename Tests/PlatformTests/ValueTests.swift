import Platform
import Testing

@Suite struct ValueTests {
    @Test func numbersHaveOneBitPatternPerMeaning() {
        #expect(Value.number(-0.0) == .number(0))
        #expect(Value.number(-0.0).doubleValue?.sign == .plus)
        #expect(Value.number(Double(nan: 7, signaling: false)) == .number(.nan))
        #expect(Value.number(.signalingNaN) == .number(-.nan))
    }

    /// A register whose value were unequal to itself would be written for ever.
    @Test func notANumberEqualsItself() {
        let value = Value.array([.number(.nan)])
        #expect(value == value)
        #expect(Set([value, .array([.number(.nan)])]).count == 1)
    }

    @Test func kindsAreNeverEqual() {
        let values: [Value] = [
            .null, .bool(false), .int(0), .double(0), .string(""), .bytes([]), .array([]), .map([]),
            .bool(true), .int(1), .double(1), .string("1"), .bytes([1]), .array([.int(1)]),
            .object([("1", .int(1))]), .object([("1", .null)]), .array([.null]),
        ]
        for (left, one) in values.enumerated() {
            for (right, other) in values.enumerated() { #expect((one == other) == (left == right)) }
        }
        #expect(Set(values).count == values.count)
    }

    @Test func anObjectIsSortedBytewiseAndKeepsTheLast() {
        let value = Value.object([("b", .int(1)), ("é", .int(2)), ("Z", .int(3)), ("b", .int(4))])
        #expect(value.mapValue?.map(\.key) == ["Z", "b", "é"])
        #expect(value["b"] == .int(4))
        #expect(value["c"] == nil)
        #expect(Value.int(1)["b"] == nil)
        #expect(value == .object([("é", .int(2)), ("b", .int(4)), ("Z", .int(3))]))
    }

    /// Equal values have equal encodings, so equality goes by bytes, not by Swift's idea of text.
    @Test func twoSpellingsOfOneTextAreUnequal() {
        let (composed, decomposed) = ("\u{E9}", "e\u{301}")
        #expect(composed == decomposed)
        #expect(!composed.isSameBytes(as: decomposed))
        #expect(composed.isSameBytes(as: "\u{E9}"))
        #expect(Value.string(composed) != .string(decomposed))
        #expect(Value.object([(composed, .null)]) != .object([(decomposed, .null)]))
        #expect(Value.object([(composed, .int(1)), (decomposed, .int(2))]).mapValue?.count == 2)
    }

    @Test func accessorsTellKindsApart() {
        #expect(Value.int(3).doubleValue == 3)
        #expect(Value.double(3).intValue == nil)
        #expect(Value.string("a").stringValue == "a" && Value.int(1).stringValue == nil)
        #expect(Value.bool(true).boolValue == true && Value.int(1).boolValue == nil)
        #expect(Value.array([.null]).arrayValue == [.null] && Value.map([]).arrayValue == nil)
        #expect(Value.map([]).mapValue == [] && Value.array([]).mapValue == nil)
    }
}
