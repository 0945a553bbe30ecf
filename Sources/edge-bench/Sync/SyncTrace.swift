import Foundation
import Platform
import SyncProtocol

/// One line of a trace, as `sync_peers.py gen` writes them: two replicas, 0 the device and 1 the
/// hub.
enum SyncStep {
    /// A new document.
    case document
    case write(replica: Int, TwinWrite)
    case commit(replica: Int)
    case exchange
}

struct SyncTrace {
    let name: String
    let steps: [SyncStep]

    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    static func read(_ name: String, in folder: String) throws -> SyncTrace {
        let path = folder + "/" + name + ".tsv"
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Fault(description: "\(path) cannot be read; write it with: sync_peers.py gen DIR")
        }
        var steps: [SyncStep] = []
        for (index, line) in data.split(separator: UInt8(ascii: "\n")).enumerated() {
            let fields = line.split(
                separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false
            ).map { String(decoding: $0, as: UTF8.self) }
            do {
                steps.append(try step(fields))
            } catch {
                throw Fault(description: "\(path) line \(index + 1): \(error)")
            }
        }
        return SyncTrace(name: name, steps: steps)
    }

    private static func step(_ fields: [String]) throws -> SyncStep {
        switch (fields[0], fields.count) {
        case ("D", 2): return .document
        case ("S", 1): return .exchange
        case ("C", 2): return .commit(replica: try replica(fields[1]))
        case ("W", 5):
            return .write(
                replica: try replica(fields[1]),
                .set(try TwinPath("config/" + fields[2]), try value(fields[3], fields[4])))
        case ("I", 4):
            guard let by = Int64(fields[3]) else { throw Fault(description: "no number") }
            return .write(
                replica: try replica(fields[1]),
                .increment(try TwinPath("counters/" + fields[2]), by: by))
        default: throw Fault(description: "not a line of a trace")
        }
    }

    private static func replica(_ text: String) throws -> Int {
        guard text == "0" || text == "1" else { throw Fault(description: "replica \(text)") }
        return text == "0" ? 0 : 1
    }

    private static func value(_ type: String, _ text: String) throws -> Value {
        switch type {
        case "f":
            guard let number = Double(text) else { break }
            return .number(number)
        case "i":
            guard let number = Int64(text) else { break }
            return .int(number)
        case "s": return .string(text)
        case "b": return .bool(text == "1")
        default: break
        }
        throw Fault(description: "value \(type) \(text)")
    }
}
