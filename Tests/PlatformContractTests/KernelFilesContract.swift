import Foundation
import LinuxPlatform
import Platform
import Simulator
import TestSupport
import Testing

/// The verbs of `KernelFiles`, where `/sys/board/knob` says `on` and `/sys/board/other` is there.
func kernelFilesContract(_ files: any KernelFiles) -> [String] {
    var verdict = Verdict()
    let path = "/sys/board/knob"
    verdict.require((try? files.text(path)) == "on", "a file does not say what it says")
    verdict.require((try? files.set(path, "off")) != nil, "a file cannot be set")
    verdict.require((try? files.text(path)) == "off", "what is written is not read")
    // Nothing is left of a longer text, and an empty one is a text.
    verdict.require((try? files.set(path, "")) != nil, "a file cannot be emptied")
    verdict.require((try? files.text(path)) == "", "an empty file says something")
    verdict.require((try? files.set("/sys/board/none", "1")) == nil, "writing makes files")
    verdict.require((try? files.text("/sys/board/none")) == nil, "a missing file says something")
    verdict.require(files.list("/sys/board") == ["knob", "other"], "names are wrong")
    verdict.require(files.list("/sys/none").isEmpty, "a missing folder has names")
    verdict.require((try? files.makeGroup("/sys/board/group")) != nil, "no group is made")
    verdict.require((try? files.makeGroup("/sys/board/group")) != nil, "a group is made once only")
    verdict.require(files.list("/sys/board").contains("group"), "a group is not there")
    verdict.require((try? files.makeGroup("/sys/none/group")) == nil, "a group has no parent")
    return verdict.faults
}

@Suite struct KernelFilesContracts {
    @Test func linux() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: folder.path + "/sys/board", withIntermediateDirectories: true)
        try folder.write("sys/board/knob", Array("on\n".utf8))
        try folder.write("sys/board/other", [])
        #expect(kernelFilesContract(LinuxKernelFiles(root: folder.path)) == [])
    }

    @Test func simulated() {
        let files = SimKernelFiles(["/sys/board/knob": "on", "/sys/board/other": ""])
        #expect(kernelFilesContract(files) == [])
    }

    /// The contract can fail.
    @Test func aFileThatKeepsItsOldTextIsFound() {
        let files = SimKernelFiles(["/sys/board/knob": "on", "/sys/board/other": ""])
        files.accept = { _, _ in "on" }
        #expect(!kernelFilesContract(files).isEmpty)
    }

    /// A page is all that the kernel gives, and all that is read.
    @Test func oneReadIsBounded() throws {
        let folder = try TemporaryFolder()
        try folder.write("long", [UInt8](repeating: 0x61, count: 10_000))
        let text = try LinuxKernelFiles(root: folder.path).text("/long")
        #expect(text.utf8.count == KernelFilesBounds.bytesMax)
    }
}
