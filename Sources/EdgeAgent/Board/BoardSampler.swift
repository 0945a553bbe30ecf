import Platform
import PowerManager

/// Reads the board's own state from the kernel's files. What cannot be read is left out.
struct BoardSampler {
    private let fileSystem: any FileSystem
    private let stateDirectory: String
    private var lastTimes: ProcessorTimes?

    init(fileSystem: any FileSystem, stateDirectory: String) {
        self.fileSystem = fileSystem
        self.stateDirectory = stateDirectory
    }

    mutating func read() -> BoardReadings {
        var readings = BoardReadings()
        readings.loadOneMinute = text("/proc/loadavg").flatMap { try? KernelText.loadAverage($0) }
        readings.uptimeSeconds = text("/proc/uptime").flatMap { try? KernelText.uptimeSeconds($0) }
        if let memory = text("/proc/meminfo").flatMap({ try? KernelText.memory($0) }) {
            readings.memoryAvailable = memory.available
            readings.memoryTotal = memory.total
        }
        // Zone 0 is the processor on the boards of this family.
        readings.processorTemperature = text("/sys/class/thermal/thermal_zone0/temp")
            .flatMap { try? KernelText.temperature($0) }
        if let times = text("/proc/stat").flatMap({ try? ProcessorTimes($0) }) {
            readings.processorPercent = lastTimes.flatMap { times.busyPercent(since: $0) }
            lastTimes = times
        }
        readings.setDisk(fileSystem.capacity(stateDirectory))
        return readings
    }

    private func text(_ path: String) -> [UInt8]? {
        try? fileSystem.read(path, maximumBytes: KernelText.bytesMaximum)
    }
}
