import Glibc
import LinuxPlatform
import Platform
import TestSupport
import Testing

/// What a child gets of its parent's descriptors: standard input, output and error.
struct InheritedDescriptorTests {
    @Test func aChildHoldsNoneOfOurs() async throws {
        let folder = try TemporaryFolder()
        // Not marked to be closed, as some libraries leave theirs.
        let descriptor = open("/dev/null", O_RDONLY)
        defer { close(descriptor) }
        let children = ChildProcesses()
        let log = folder.path + "/log"
        let process = try children.start(
            ProcessCommand(
                arguments: ["/bin/sh", "-c", "for f in /proc/$$/fd/*; do echo ${f##*/}; done"],
                environment: [:], workingDirectory: nil, logPath: log))
        var exit: ProcessExit?
        for _ in 0..<5000 {
            exit = children.poll(process)
            if exit != nil { break }
            try await Task.sleep(for: .milliseconds(2))
        }
        #expect(exit == .code(0))
        let bytes = try LinuxFileSystem().read(log, maximumBytes: 4096)
        let held = String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap {
            Int($0)
        }
        #expect(Set(held).isSuperset(of: [0, 1, 2]))
        #expect(!held.contains(Int(descriptor)))
    }
}
