import Platform
import TestSupport

@testable import LinuxPlatform

extension FuzzTarget {
    /// The body of an upload or of an answer: frames behind two numbers, or none. One that is read
    /// is written as one that says the same, and in no more bytes.
    static let coapBody = FuzzTarget(
        name: "coap-body",
        run: { bytes in
            guard let bundle = Oracle.read({ FrameBundle(bytes) }) else { return }
            let sum = bundle.frames.reduce(0) { $0 + $1.count }
            Oracle.expect(sum <= bytes.count, "more frames than bytes")
            Oracle.expect(bundle.frames.count <= FrameBundle.framesMaximum, "too many frames")
            Oracle.expect(FrameBundle(bundle.bytes) == bundle, "the body is not itself")
            Oracle.expect(bundle.bytes.count <= bytes.count, "longer than what was read")
        },
        examples: [
            FrameBundle(queue: 0, number: 0), FrameBundle(queue: 1 << 40, number: 300),
            FrameBundle(
                queue: 7, number: 24, frames: [[], [1, 2, 3], .init(repeating: 9, count: 300)]),
        ].map(\.bytes),
        random: { generator in
            let frames = (0..<generator.next() % 6).map { _ in
                [UInt8](repeating: 5, count: Int(generator.next() % 400))
            }
            return FrameBundle(
                queue: generator.next() >> (generator.next() % 64),
                number: generator.next() >> (generator.next() % 64), frames: frames
            ).bytes
        },
        large: { _ in
            let frames = [[UInt8]](repeating: .init(repeating: 5, count: 60), count: 1024)
            return FrameBundle(queue: 1, number: 1, frames: frames).bytes
        })

    /// Requests of two boards to a shard of the hub, as options and blocks make them, and frames to
    /// the boards between them. Each is answered or held, and what the hub gets and keeps is bounded.
    static let coapRequests = FuzzTarget(
        name: "coap-requests",
        run: { bytes in
            var input = FuzzInput(bytes)
            var settings = CoAPShard.Settings()
            settings.devicesMaximum = 2
            settings.bodyBytesMaximum = 4096
            settings.assembledBytesMaximum = 8192
            var shard = CoAPShard(settings: settings, seed: 1)
            var now = MonotonicTime(milliseconds: 0)
            var count: UInt64 = 0
            var records = 0
            while !input.isEmpty, records < FuzzInput.recordsMost {
                records += 1
                now = now + Milliseconds(Int64(input.byte()) * 100)
                let choice = input.byte()
                let device = ["a", "b", "c"][Int(choice & 3) % 3]
                switch choice >> 6 {
                case 0:
                    let frame = input.record()
                    check(shard.send(frame, to: device, now: now).directives, settings, &count)
                case 1: check(shard.acknowledge(through: count, now: now), settings, &count)
                default:
                    let request = message(&input)
                    let outcome = Oracle.read {
                        shard.receive(
                            request, from: UInt64(choice & 15),
                            device: choice & 3 == 3 ? nil : device, now: now)
                    }
                    if let answer = outcome.answer { check(answer, of: request) }
                    check(outcome.directives, settings, &count)
                }
                check(shard.tick(now), settings, &count)
            }
        },
        examples: [
            // A poll, an upload in one block, and one of which the end is missing.
            request(code: 1, path: "down", query: ["a=0.0", "n=1.1"]),
            request(
                code: 2, path: "up", payload: FrameBundle(queue: 0, number: 0, frames: [[1]]).bytes),
            request(
                code: 2, path: "up", block: [0x08], tag: [1, 2, 3, 4, 5, 6, 7, 8],
                payload: .init(repeating: 0, count: 16)),
            request(code: 4, path: "down"),
        ],
        large: { _ in
            let one = request(
                code: 2, path: "up", block: [0x0E], payload: .init(repeating: 0, count: 1024))
            return Array(repeatElement(one, count: 16).joined())
        })

    private static func check(_ answer: CoAPMessage, of request: CoAPMessage) {
        let kind = answer.code.rawValue >> 5
        Oracle.expect(2...5 ~= kind, "\(answer.code.text) is no answer")
        Oracle.expect(!answer.isMalformed, "an answer with a block option that cannot be read")
        Oracle.expect(answer.payload.count <= 1024, "an answer that fits into no datagram")
    }

    private static func check(
        _ directives: [CoAPShard.Directive], _ settings: CoAPShard.Settings, _ count: inout UInt64
    ) {
        for directive in directives {
            switch directive {
            case .send(let message, _):
                Oracle.expect(message.payload.count <= 1024, "a message that fits into no datagram")
            case .frames(let frames, _, let bytes):
                let sum = frames.reduce(0) { $0 + $1.count }
                Oracle.expect(sum <= settings.bodyBytesMaximum, "frames of \(sum) bytes")
                Oracle.expect(bytes <= settings.bodyBytesMaximum + 64, "a body of \(bytes) bytes")
                count += UInt64(frames.count)
            case .presence: break
            }
        }
    }

    /// A code, then options as a kind and a record, then a payload.
    private static func message(_ input: inout FuzzInput) -> CoAPMessage {
        let kinds: [CoAPOption.Number] = [
            .uriPath, .uriQuery, .block1, .block2, .requestTag, .contentFormat, .observe, .size1,
            .entityTag,
        ]
        var message = CoAPMessage(CoAPCode(rawValue: input.byte()), token: [1])
        for _ in 0..<min(input.byte(), 12) {
            message.add(kinds[Int(input.byte()) % kinds.count], Array(input.record().prefix(64)))
        }
        message.payload = Array(input.record().prefix(1024))
        return message
    }

    /// The bytes of which `coapRequests` makes a request of the first board.
    private static func request(
        code: UInt8, path: String, query: [String] = [], block: [UInt8]? = nil,
        tag: [UInt8]? = nil, payload: [UInt8] = []
    ) -> [UInt8] {
        var options: [[UInt8]] = ["v1", path].map { [0] + FuzzInput.record(Array($0.utf8)) }
        options += query.map { [1] + FuzzInput.record(Array($0.utf8)) }
        if let block { options.append([2] + FuzzInput.record(block)) }
        if let tag { options.append([4] + FuzzInput.record(tag)) }
        return [1, 0x80, code, UInt8(options.count)] + options.joined() + FuzzInput.record(payload)
    }
}
