import Foundation
import LinuxPlatform
import Testing

/// Whether this runs on the rig's kernel (`make rig-test`).
enum Rig {
    static let isHere = ProcessInfo.processInfo.environment["EDGE_RIG"] == "1"
    static let comment: Comment = "needs the rig's kernel: make rig-test"

    /// What was built beside the tests.
    static func program(_ name: String) -> String {
        let tests = CommandLine.arguments[0]
        return tests.prefix(through: tests.lastIndex(of: "/") ?? tests.startIndex) + name
    }

    /// A bus of the kernel's module i2c-stub, whose chips are at the addresses that it was given.
    static let stub = LinuxI2CBus.names().first { name in
        let path = "/sys/class/i2c-dev/\(name)/name"
        let text = try? LinuxFileSystem().read(path, maximumBytes: 64)
        return text.map { String(decoding: $0, as: UTF8.self).contains("stub") } ?? false
    }

    /// CLOCK_MONOTONIC.
    static func nanoseconds() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }

    /// Blocks its thread: for hands that keep time, on threads of their own.
    static func sleep(until time: UInt64) {
        var due = timespec(
            tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nil)
    }
}

/// A chip of the kernel's own making, gpio-sim, and a hand that pulls and measures its lines
/// (Linux, Documentation/admin-guide/gpio/gpio-sim.rst).
final class SimulatedChip: Sendable {
    let label: String
    private let folder: String
    private let device: String
    private static let made = Locked(0)

    /// - Parameters:
    ///   - names: By line.
    ///   - hogs: By line, the name of a consumer that holds it.
    init(label: String, lines: Int, names: [Int: String] = [:], hogs: [Int: String] = [:]) throws {
        self.label = label
        let number = Self.made.with { count in
            count += 1
            return count
        }
        folder =
            "/sys/kernel/config/gpio-sim/test\(ProcessInfo.processInfo.processIdentifier)-\(number)"
        let bank = folder + "/bank0"
        try FileManager.default.createDirectory(atPath: bank, withIntermediateDirectories: true)
        try Self.write("\(lines)", bank + "/num_lines")
        try Self.write(label, bank + "/label")
        for line in Set(names.keys).union(hogs.keys) {
            let home = "\(bank)/line\(line)"
            try FileManager.default.createDirectory(
                atPath: home, withIntermediateDirectories: false)
            if let name = names[line] { try Self.write(name, home + "/name") }
            guard let consumer = hogs[line] else { continue }
            try FileManager.default.createDirectory(
                atPath: home + "/hog", withIntermediateDirectories: false)
            try Self.write(consumer, home + "/hog/name")
            try Self.write("output-low", home + "/hog/direction")
        }
        try Self.write("1", folder + "/live")
        let name = try Self.read(folder + "/dev_name")
        device = "/sys/devices/platform/\(name)/\(try Self.read(bank + "/chip_name"))"
    }

    deinit {
        // The chip goes, as one on USB that is unplugged; its folders go bottom up.
        try? Self.write("0", folder + "/live")
        let bank = folder + "/bank0"
        for line in (try? FileManager.default.contentsOfDirectory(atPath: bank)) ?? []
        where line.hasPrefix("line") {
            rmdir("\(bank)/\(line)/hog")
            rmdir("\(bank)/\(line)")
        }
        rmdir(bank)
        rmdir(folder)
    }

    /// Unplugs the chip.
    func unplug() throws { try Self.write("0", folder + "/live") }

    func pull(_ line: Int, up: Bool) throws {
        try Self.write(up ? "pull-up" : "pull-down", "\(device)/sim_gpio\(line)/pull")
    }

    func level(_ line: Int) throws -> Bool {
        try Self.read("\(device)/sim_gpio\(line)/value") == "1"
    }

    private static func write(_ text: String, _ path: String) throws {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure(path: path, code: errno) }
        defer { close(file) }
        let count = Glibc.write(file, text, text.utf8.count)
        guard count == text.utf8.count else { throw Failure(path: path, code: errno) }
    }

    private static func read(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    struct Failure: Error, CustomStringConvertible {
        let path: String
        let code: Int32
        var description: String { "\(path): \(String(cString: strerror(code)))" }
    }
}
