import Foundation
import LinuxPlatform

/// The broker that runs from a folder, by the number that it wrote there.
struct BrokerProcess {
    private let files: BrokerFiles

    init(_ files: BrokerFiles) { self.files = files }

    /// Its number; nil where it does not run. Numbers are used again, so the program is looked at.
    var number: pid_t? {
        guard let text = read(files.processID), let number = pid_t(text.prefix { $0 != "\n" }),
            number > 1, read("/proc/\(number)/comm") == "mosquitto\n",
            read("/proc/\(number)/cmdline")?.contains(files.configuration) == true
        else { return nil }
        return number
    }

    /// Has it read its lists again. One that does not run reads them when it starts.
    func reload() throws(HubCommandError) { try signal(SIGHUP) }

    func signal(_ signal: Int32) throws(HubCommandError) {
        guard let number else { return }
        guard kill(number, signal) == 0 || errno == ESRCH else {
            throw HubCommandError(
                description: "cannot signal mosquitto (\(number)): "
                    + "\(String(cString: strerror(errno))). Run it as the hub's user")
        }
    }

    private func read(_ path: String) -> String? {
        let bytes = try? LinuxFileSystem().read(path, maximumBytes: 64 << 10)
        return bytes.map { String(decoding: $0, as: UTF8.self) }
    }
}
