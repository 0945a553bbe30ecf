import FleetClient
import Platform
import Testing

@Suite struct ServerSentEventParserTests {
    private static let stream =
        "\u{FEFF}: comment\r\nid: 1\revent:twin\ndata: {\"a\":\"ü😀\"}\r\n\r\n"
        + "data\n\nid: 2\u{0}\ndata:  two\ndata:\ndata: lines\nunknown: x\nretry: 1\n\n"
        + "event: dropped\n\nid\ndata: x\r\r"
    private static let events = [
        ServerSentEvent(id: "1", event: "twin", data: "{\"a\":\"ü😀\"}"),
        ServerSentEvent(id: "1", event: "message", data: ""),
        ServerSentEvent(id: "1", event: "message", data: " two\n\nlines"),
        ServerSentEvent(id: "", event: "message", data: "x"),
    ]

    @Test func readsAStream() throws {
        var parser = ServerSentEventParser(maximumBytes: 1000)
        let events = try parser.feed(Self.stream.utf8)
        #expect(events == Self.events)
    }

    @Test func chunksMayBeCutAnywhere() throws {
        let bytes = Array(Self.stream.utf8)
        for cut in 0...bytes.count {
            var parser = ServerSentEventParser(maximumBytes: 1000)
            let events = try parser.feed(bytes[..<cut]) + parser.feed(bytes[cut...])
            #expect(events == Self.events, "cut at \(cut)")
        }
        var parser = ServerSentEventParser(maximumBytes: 1000)
        var events: [ServerSentEvent] = []
        for byte in bytes { events += try parser.feed(CollectionOfOne(byte)) }
        #expect(events == Self.events)
    }

    @Test func anEventThatDoesNotEndGivesNothing() throws {
        var parser = ServerSentEventParser(maximumBytes: 1000)
        let events = try parser.feed("id: 1\ndata: x\n".utf8)
        #expect(events.isEmpty)
    }

    @Test func anEventIsBounded() throws {
        var parser = ServerSentEventParser(maximumBytes: 16)
        let fits = try parser.feed("data: 0123456789\n\ndata: 0123456789\n\n".utf8)
        #expect(fits.count == 2)
        #expect(throws: FleetClientError.self) { try parser.feed("data: 0123456789a".utf8) }
        // Many short lines count together.
        var lines = ServerSentEventParser(maximumBytes: 16)
        #expect(throws: FleetClientError.self) {
            for _ in 0..<20 { _ = try lines.feed("data: a\n".utf8) }
        }
    }

    @Test func textThatIsNotUTF8IsAnError() {
        var parser = ServerSentEventParser(maximumBytes: 16)
        #expect(throws: FleetClientError.self) {
            try parser.feed(Array("data: ".utf8) + [0xFF, 0x0A, 0x0A])
        }
    }

    /// Any bytes give events or an error, and memory stays within the bound.
    @Test func isTotal() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix64(seed: seed)
        let pieces = ["data", ":", " ", "\n", "\r", "id", "event", "\u{0}", "x", "\n\n"]
        for _ in 0..<500 {
            var parser = ServerSentEventParser(maximumBytes: 40)
            do {
                for _ in 0..<30 {
                    let piece = pieces[Int(random.next() % UInt64(pieces.count))]
                    for event in try parser.feed(piece.utf8) {
                        #expect(event.data.utf8.count <= 40, "seed \(seed)")
                    }
                }
            } catch {
                #expect(error.code == .tooLarge, "seed \(seed)")
            }
        }
    }
}
