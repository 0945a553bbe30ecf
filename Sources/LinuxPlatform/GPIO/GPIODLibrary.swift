import CGPIOD
import Glibc
import Platform

/// libgpiod, of whichever generation this board has, loaded on first use.
struct GPIODLibrary: @unchecked Sendable {
    // @unchecked: the table is written once, before anybody has it, and stays.
    private let table: OpaquePointer

    /// Debian 13 and Raspberry Pi OS 13 have 2.x, Debian 12 has 1.6, whose file is called .so.2.
    static let candidates: [(name: String, generation: Int32)] = [
        ("libgpiod.so.3", 2), ("libgpiod.so.2", 1),
    ]

    init(_ candidates: [(name: String, generation: Int32)] = candidates) throws(GPIOError) {
        var reasons: [String] = []
        for candidate in candidates {
            var reason = [CChar](repeating: 0, count: 256)
            let table = edge_gpiod_load(
                candidate.name, candidate.generation, &reason, reason.count)
            if let table {
                self.table = table
                return
            }
            let bytes = reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            reasons.append(String(decoding: bytes, as: UTF8.self))
        }
        throw GPIOError(
            .libraryMissing,
            "GPIO needs libgpiod: \(reasons.joined(separator: "; ")). Install it (Debian 13 and"
                + " Raspberry Pi OS 13: libgpiod3; Debian 12: libgpiod2).")
    }

    /// 1 or 2: the first part of the library's version.
    var generation: Int { Int(edge_gpiod_generation(table)) }

    func chip(_ path: String) throws(GPIOError) -> GPIOChip {
        var chip = edge_gpio_chip()
        guard edge_gpiod_chip(table, path, &chip) == 0 else { throw .kernel(errno, path) }
        return GPIOChip(
            label: Self.text(chip.label), name: Self.text(chip.name), lineCount: Int(chip.lines))
    }

    func lines(_ path: String, count: Int) throws(GPIOError) -> [GPIOLine] {
        var lines = [edge_gpio_line](repeating: edge_gpio_line(), count: count)
        guard edge_gpiod_lines(table, path, &lines, UInt32(count)) == 0 else {
            throw .kernel(errno, path)
        }
        return lines.enumerated().map { Self.line($0.offset, $0.element) }
    }

    func line(_ path: String, _ offset: Int) -> GPIOLine? {
        var line = edge_gpio_line()
        guard edge_gpiod_line(table, path, UInt32(offset), &line) == 0 else { return nil }
        return Self.line(offset, line)
    }

    /// A descriptor that holds the lines, or an error number.
    func request(_ path: String, _ request: edge_gpio_request) -> Result<Int32, ErrorNumber> {
        var request = request
        let descriptor = edge_gpiod_request(table, path, &request)
        return descriptor < 0 ? .failure(ErrorNumber(code: errno)) : .success(descriptor)
    }

    struct ErrorNumber: Error { let code: Int32 }

    private static func line(_ offset: Int, _ line: edge_gpio_line) -> GPIOLine {
        GPIOLine(
            offset: offset, name: text(line.name),
            consumer: line.is_used != 0 ? text(line.consumer) : nil,
            isOutput: line.is_output != 0, isActiveLow: line.is_active_low != 0)
    }

    /// A C array of characters, which Swift sees as a tuple.
    private static func text<Characters>(_ characters: Characters) -> String {
        withUnsafeBytes(of: characters) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

extension GPIOError {
    /// What the kernel said of a chip.
    static func kernel(_ code: Int32, _ path: String) -> Self {
        let reason = String(cString: strerror(code))
        switch code {
        case EACCES, EPERM:
            return GPIOError(
                .denied,
                "\(path) may not be opened (\(reason)): add the agent's user to the group gpio, or"
                    + " install the package's udev rules; under systemd also check DeviceAllow")
        case ENOENT, ENODEV:
            return GPIOError(.gone, "\(path) is gone (\(reason)): is its driver still loaded?")
        case EINVAL, ENXIO, ENOTSUP, ENOTTY:
            return GPIOError(
                .unsupported,
                "\(path) cannot do this (\(reason)): edges need a line with an interrupt, pulls a"
                    + " chip with resistors, and all of it a kernel of 5.10 or later")
        default:
            return GPIOError(.failed, "\(path): \(reason)")
        }
    }
}
