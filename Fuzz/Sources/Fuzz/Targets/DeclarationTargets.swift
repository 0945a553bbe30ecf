import Platform
import TestSupport

@testable import DeviceDrivers

extension FuzzTarget {
    /// Device blocks as the twin holds them: a name and a JSON text each, up to sixteen of a board.
    static let deviceBlocks = FuzzTarget(
        name: "device-blocks",
        run: { bytes in
            var input = FuzzInput(bytes)
            var blocks: [DeviceBlock] = []
            for _ in 0..<FuzzInput.recordsMost where !input.isEmpty {
                let name = String(decoding: input.record(), as: UTF8.self)
                guard let value = try? JSONReader.read(input.record()) else { continue }
                switch Oracle.read({ block(name, value) }) {
                case .success(let block):
                    check(block, value)
                    blocks.append(block)
                case .failure(let error): check(error)
                }
            }
            let refused = Oracle.read {
                DevicePoller.conflicts(blocks).map(\.name) + PinPanel.conflicts(blocks).map(\.name)
            }
            Oracle.expect(
                Set(refused).isSubset(of: blocks.map(\.name)), "\(refused) is not declared")
        },
        examples: [
            (
                "shed",
                "{\"kind\":\"bme280\",\"bus\":\"i2c-1\",\"address\":\"0x76\",\"deadband\":0.1}"
            ),
            ("a.b", "{\"kind\":\"bme280\",\"address\":119,\"every\":\"500ms\",\"report\":\"2h\"}"),
            ("soil", "{\"kind\":\"ads1115\",\"deadband\":{\"a0\":0.5,\"a1\":1}}"),
            ("relay", "{\"kind\":\"relay\",\"line\":\"GPIO17\",\"safe\":\"off\"}"),
            ("probe", "{\"kind\":\"ds18b20\",\"every\":\"9223372036854775807h\"}"),
        ].map(record),
        random: { generator in
            (0..<generator.number(1...6)).flatMap { _ in random(&generator) }
        },
        large: { generator in (0..<300).flatMap { _ in random(&generator) } })

    private static func record(_ block: (name: String, text: String)) -> [UInt8] {
        FuzzInput.record(Array(block.name.utf8)) + FuzzInput.record(Array(block.text.utf8))
    }

    /// A block of any kind, with what its settings take.
    private static func random(_ generator: inout SeededGenerator) -> [UInt8] {
        guard let kind = DeviceKinds.all.randomElement(using: &generator) else { return [] }
        var fields: [(String, Value)] = [("kind", .string(kind.name))]
        if let address = kind.addresses.randomElement(using: &generator) {
            fields.append(("address", .string(address.description)))
            fields.append(("every", .string("30s")))
        }
        for setting in kind.settings {
            let value: Value =
                switch setting.form {
                case .number(let range, _): .double(range.upperBound)
                case .choice(let choices):
                    .string(choices.randomElement(using: &generator) ?? "")
                case .text: .string("GPIO\(generator.number(0...30))")
                case .span: .string("2s")
                }
            fields.append((setting.name, value))
        }
        let name = "d\(generator.number(0...9))"
        return record((name, Value.object(fields).json))
    }

    private static func block(
        _ name: String, _ value: Value
    ) -> Result<DeviceBlock, DeviceBlockError> {
        Result { () throws(DeviceBlockError) in try DeviceBlock(name: name, value) }
    }

    private static func check(_ block: DeviceBlock, _ value: Value) {
        Oracle.expect(1...DeviceBlock.nameBytesMax ~= block.name.utf8.count, block.name)
        let addresses = DeviceKinds.named(block.kind)?.addresses ?? []
        Oracle.expect(
            block.address.map(addresses.contains) ?? addresses.isEmpty, "\(block.description)")
        for time in [block.every, block.report] {
            Oracle.expect(0...DeviceBlock.everyMax ~= time, "\(time.count) ms")
        }
        Oracle.expect(
            ([block.deadband] + block.deadbands.values).allSatisfy { $0 >= 0 && $0.isFinite },
            "a dead band below 0")
        // What it was read as is another way to write it.
        let entries = (value.mapValue ?? []).map { entry -> (String, Value) in
            switch entry.key {
            case "bus": (entry.key, block.bus.map(Value.string) ?? .null)
            case "address": (entry.key, block.address.map { .string($0.description) } ?? .null)
            case "every": (entry.key, .string("\(block.every.count)ms"))
            case "report": (entry.key, .string("\(block.report.count)ms"))
            default: (entry.key, entry.value)
            }
        }
        let written = Value.object(entries)
        let again = try? DeviceBlock(name: block.name, written)
        Oracle.expect(again == block, "\(written.json) is not \(value.json)")
    }

    private static func check(_ error: DeviceBlockError) {
        Oracle.expect(!error.message.isEmpty && !error.hint.isEmpty, "an error without words")
        Oracle.expect(
            error.description.utf8.allSatisfy { $0 >= 0x20 }, "a message of several lines")
        Oracle.expect(error.description.utf8.count <= 2048, "a message without an end")
    }

    /// A recording of a bus: what is read is written as the same, plays to its end, and what is
    /// recorded of the play is it again.
    static let recording = FuzzTarget(
        name: "recording",
        run: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let recording = Oracle.read({ try? I2CRecording(text) }) else { return }
            Oracle.expect(
                recording.entries.count <= I2CRecording.entriesMax,
                "\(recording.entries.count) entries")
            let written = recording.text
            let again = try? I2CRecording(written)
            Oracle.expect(again == recording, "\(text) was read back from \(written)")
            var bus = RecordingBus(PlaybackBus(recording))
            for entry in recording.entries {
                let answer = try? bus.transfer(entry.transfer)
                Oracle.expect(
                    answer == (entry.failure == nil ? entry.answer : nil),
                    "\(entry.transfer) was not played")
            }
            Oracle.expect(bus.recording == recording, "\(written) was recorded as another")
            var player = PlaybackBus(recording)
            for entry in recording.entries { _ = try? player.transfer(entry.transfer) }
            Oracle.expect(player.complaints.isEmpty, "\(player.complaints)")
            Oracle.expect(player.bytes.played == player.bytes.all, "\(player.bytes)")
        },
        examples: [
            "# a BME280 is asked for its identity\n0x76 w:d0 r:60\n0x76 w:e0b6\n0x77 w: nack\n",
            "0x76 w:d0 r:?? timeout\r\n\t0x76 r:0102 w:03 r:04 # more\n\n0x08 w:00 stuck\n",
            "0x44 w:2400 lost", "0x76 w:d0 r:60 nack", "0x76 r:+1-0",
        ].map { Array($0.utf8) },
        random: { generator in
            Array(
                (0..<generator.number(1...6)).map { _ in
                    let word = ["", " nack", " timeout"].randomElement(using: &generator) ?? ""
                    let answer = word.isEmpty ? "00ff" : "??"
                    return "0x\(generator.number(10...77)) w:d\(generator.number(0...9)) r:"
                        + "\(answer)\(word)\n"
                }.joined().utf8)
        },
        large: { _ in
            Array(
                ((0..<3000).map { _ in "0x76 w:d0 r:60\n" }.joined() + "0x76 w:"
                    + String(repeating: "a5", count: 8192)).utf8)
        })
}
