import Foundation
import Placement
import Platform

/// The files that `edge-bench place` and `edge-bench vivaldi` read.
enum PlaceInput {
    /// Bytes of a file, unpacked where they are gzip's.
    static func bytes(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw PlaceFault("cannot read \(path); give a file that exists and may be read")
        }
        guard data.starts(with: [0x1f, 0x8b]) else { return [UInt8](data) }
        return try unpacked(path)
    }

    private static func unpacked(_ path: String) throws -> [UInt8] {
        let gzip = Process()
        gzip.executableURL = URL(filePath: "/usr/bin/env")
        gzip.arguments = ["gzip", "-dc", "--", path]
        let output = Pipe()
        gzip.standardOutput = output
        gzip.standardError = FileHandle.nullDevice
        try gzip.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        gzip.waitUntilExit()
        guard gzip.terminationStatus == 0 else {
            throw PlaceFault("\(path) is damaged: gzip cannot unpack it; copy the file again")
        }
        return [UInt8](data)
    }

    static func matrix(_ path: String) throws -> LatencyMatrix {
        do {
            return try LatencyMatrix(text: String(decoding: try bytes(path), as: UTF8.self))
        } catch let fault as LatencyMatrix.Fault {
            throw PlaceFault("\(path): \(fault)")
        }
    }

    static func instance(_ path: String, sites: Int) throws -> SlotInstance {
        do {
            return try SlotInstance(try JSONReader.read(try bytes(path)), sites: sites)
        } catch let fault as SlotInstance.Fault {
            throw PlaceFault("\(path): \(fault)")
        } catch let error as JSONError {
            throw PlaceFault("\(path): \(error)")
        }
    }

    /// An earlier plan: what this command printed, or the list of boards alone.
    static func assignment(_ path: String, for instance: SlotInstance) throws -> [Int?] {
        let value: Value
        do {
            value = try JSONReader.read(try bytes(path))
        } catch let error as JSONError {
            throw PlaceFault("\(path): \(error)")
        }
        guard let entries = (value["assignment"] ?? value).arrayValue else {
            throw PlaceFault("\(path) has no list \"assignment\"; give what this command printed")
        }
        guard entries.count == instance.workloads.count else {
            throw PlaceFault(
                "\(path) places \(entries.count) workloads, the instance has "
                    + "\(instance.workloads.count); give the plan of this instance")
        }
        var out: [Int?] = []
        for (index, entry) in entries.enumerated() {
            // -1 is how other programs write that a workload is nowhere.
            if entry == .null || entry == .int(-1) {
                out.append(nil)
                continue
            }
            guard let board = entry.intValue.flatMap({ Int(exactly: $0) }),
                instance.boards.indices.contains(board)
            else {
                throw PlaceFault(
                    "\(path): assignment[\(index)] is \(entry.json.prefix(40)); it must be null or a "
                        + "board, 0 to \(instance.boards.count - 1)")
            }
            out.append(board)
        }
        return out
    }
}

/// Input that cannot be used: the program ends with 2.
struct PlaceFault: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
