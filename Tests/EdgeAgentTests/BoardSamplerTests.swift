import LinuxPlatform
import Platform
import PowerManager
import Testing

@testable import EdgeAgent

/// Files that are there because a test says so.
private final class PaperFiles: FileSystem {
    let files = Locked<[String: String]>([:])

    func read(_ path: String, maximumBytes: Int) throws(FileError) -> [UInt8] {
        guard let text = files.with({ $0[path] }) else {
            throw FileError(path: path, operation: "open", code: 2, message: "no such file")
        }
        return Array(text.utf8.prefix(maximumBytes))
    }

    func read(
        _ path: String, from offset: UInt64, maximumBytes: Int
    ) throws(FileError) -> [UInt8] {
        Array(try read(path, maximumBytes: .max).dropFirst(Int(offset)).prefix(maximumBytes))
    }

    func size(_ path: String) -> UInt64? { files.with { $0[path].map { UInt64($0.utf8.count) } } }
    func list(_ directory: String) -> [String] { [] }
    func replace(_ path: String, with bytes: [UInt8], mode: UInt32) throws(FileError) {}
    func rename(_ path: String, to target: String) throws(FileError) {}
    func remove(_ path: String) throws(FileError) {}
    func discard(_ path: String, upTo offset: UInt64) throws(FileError) {}
    func makeDirectory(_ path: String, mode: UInt32) throws(FileError) {}

    func capacity(_ path: String) -> (total: UInt64, free: UInt64)? {
        path == "/state" ? (total: 1000, free: 400) : nil
    }
}

@Suite struct BoardSamplerTests {
    private let files = PaperFiles()

    @Test func everythingThatIsThereIsRead() {
        files.files.with {
            $0 = [
                "/proc/loadavg": "0.42 0.35 0.30 1/123 4567\n",
                "/proc/uptime": "350735.47 234388.90\n",
                "/proc/meminfo": "MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:  250 kB\n",
                "/sys/class/thermal/thermal_zone0/temp": "48312\n",
                "/proc/stat": "cpu  100 0 100 800 0 0 0 0 0 0\n",
            ]
        }
        var sampler = BoardSampler(fileSystem: files, stateDirectory: "/state")
        let first = sampler.read()
        #expect(first.loadOneMinute == 0.42)
        #expect(first.uptimeSeconds == 350_735)
        #expect(first.memoryTotal == 1_024_000)
        #expect(first.memoryAvailable == 256_000)
        #expect(first.processorTemperature == 48.312)
        #expect(first.diskTotal == 1000)
        #expect(first.diskFree == 400)
        // A share needs two samples.
        #expect(first.processorPercent == nil)
        files.files.with { $0["/proc/stat"] = "cpu  130 0 100 870 0 0 0 0 0 0\n" }
        #expect(sampler.read().processorPercent == 30)
    }

    @Test func whatIsMissingOrNonsenseIsLeftOut() {
        files.files.with {
            $0 = ["/proc/loadavg": "none\n", "/proc/uptime": "12.5 1\n", "/proc/meminfo": ""]
        }
        var sampler = BoardSampler(fileSystem: files, stateDirectory: "/elsewhere")
        var expected = BoardReadings()
        expected.uptimeSeconds = 12
        #expect(sampler.read() == expected)
    }

    @Test func aLostSampleDoesNotSpoilTheNextShare() {
        files.files.with { $0["/proc/stat"] = "cpu  100 0 0 100 0 0 0 0 0 0\n" }
        var sampler = BoardSampler(fileSystem: files, stateDirectory: "/state")
        _ = sampler.read()
        files.files.with { $0["/proc/stat"] = nil }
        #expect(sampler.read().processorPercent == nil)
        files.files.with { $0["/proc/stat"] = "cpu  150 0 0 150 0 0 0 0 0 0\n" }
        #expect(sampler.read().processorPercent == 50)
    }
}
