public import Platform

/// A bus that answers from a recording: exactly those transfers, in that order.
public struct PlaybackBus: I2CBus {
    public let functions: I2CFunctions = [.messages, .quick, .byte, .data, .block]
    private let recording: I2CRecording
    private var position = 0
    /// The first transfer that was not the recorded one.
    public private(set) var mismatch: String?

    public init(_ recording: I2CRecording) { self.recording = recording }

    public mutating func transfer(_ transfer: I2CTransfer) throws(I2CError) -> [UInt8] {
        try transfer.check()
        guard position < recording.entries.count else {
            throw complain("transfer \(position + 1) is beyond the recording: \(transfer)")
        }
        let entry = recording.entries[position]
        guard entry.transfer == transfer else {
            throw complain(
                "transfer \(position + 1) is \(transfer), recorded was \(entry.transfer)")
        }
        position += 1
        if let word = entry.failure {
            throw I2CRecording.error(word, transfer.address) ?? .nack(transfer.address)
        }
        return entry.answer
    }

    private mutating func complain(_ text: String) -> I2CError {
        if mismatch == nil { mismatch = text }
        return I2CError(.fault(0), text)
    }

    /// Bytes of the recording that were played, and all that it has.
    public var bytes: (played: Int, all: Int) {
        (Self.count(recording.entries[..<position]), Self.count(recording.entries[...]))
    }

    private static func count(_ entries: ArraySlice<I2CRecording.Entry>) -> Int {
        entries.reduce(0) { sum, entry in
            entry.transfer.messages.reduce(sum + entry.answer.count) { sum, message in
                if case .write(let bytes) = message { sum + bytes.count } else { sum }
            }
        }
    }

    /// What a test must find empty at its end: every transfer of the recording was made, and no
    /// other.
    public var complaints: [String] {
        let left = recording.entries.count - position
        let (played, all) = bytes
        return [mismatch].compactMap { $0 }
            + (left > 0
                ? ["\(left) transfers were not made; \(played) of \(all) bytes played"] : [])
    }
}

/// Writes down what goes over another bus.
public struct RecordingBus<Base: I2CBus & ~Copyable>: I2CBus, ~Copyable {
    private var base: Base
    public private(set) var recording = I2CRecording()

    public init(_ base: consuming Base) { self.base = base }

    public var functions: I2CFunctions { base.functions }

    public mutating func transfer(_ transfer: I2CTransfer) throws(I2CError) -> [UInt8] {
        do throws(I2CError) {
            let answer = try base.transfer(transfer)
            recording.append(transfer, answer)
            return answer
        } catch {
            recording.append(transfer, error)
            throw error
        }
    }
}
