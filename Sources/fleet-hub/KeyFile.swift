import Foundation
import Identity
import LinuxPlatform
import Platform

/// Pre-shared keys of boards that are too small for certificates: `DEVICE HEX`, one a line; `#`
/// begins a comment.
struct KeyFile {
    /// RFC 4279 asks for 64 bytes at least to be supported, and nobody needs more.
    private static let keyBytes = 16...64
    private static let keysMaximum = 1000
    private static let bytesMaximum = 1 << 20

    let keys: [String: [UInt8]]

    init(_ path: String) throws(HubCommandError) {
        let bytes: [UInt8]
        do {
            bytes = try LinuxFileSystem().read(path, maximumBytes: Self.bytesMaximum)
        } catch {
            throw HubCommandError(
                description: "--coap-keys \(path) cannot be read: \(error). Give a file that the "
                    + "hub's user may read.", exitCode: 2)
        }
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        if let mode = attributes?[.posixPermissions] as? Int, mode & 0o077 != 0 {
            throw HubCommandError(
                description: "--coap-keys \(path) can be read by others, who could then speak as "
                    + "those boards. Run: chmod 600 \(path)", exitCode: 2)
        }
        var keys: [String: [UInt8]] = [:]
        let lines = String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let words = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" }
            guard !words.isEmpty else { continue }
            // The line itself is left out: it may hold a key.
            guard words.count == 2, DeviceName(String(words[0])) != nil,
                let key = Self.bytes(words[1]), Self.keyBytes ~= key.count
            else {
                throw HubCommandError(
                    description: "\(path), line \(index + 1): expected a device's id and a key of "
                        + "\(Self.keyBytes.lowerBound) to \(Self.keyBytes.upperBound) bytes in "
                        + "hexadecimal, such as one of: openssl rand -hex 32", exitCode: 2)
            }
            guard keys.updateValue(key, forKey: String(words[0])) == nil else {
                throw HubCommandError(
                    description: "\(path), line \(index + 1): the device \(words[0]) has a key "
                        + "already. Remove one of the two lines.", exitCode: 2)
            }
        }
        guard keys.count <= Self.keysMaximum else {
            throw HubCommandError(
                description: "\(path) has \(keys.count) keys; the hub takes at most "
                    + "\(Self.keysMaximum). Give boards certificates instead.", exitCode: 2)
        }
        self.keys = keys
    }

    private static func bytes(_ text: Substring) -> [UInt8]? {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }
}
