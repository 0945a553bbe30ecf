import Foundation
import LinuxPlatform
import Platform
import Simulator
import Testing

/// The verbs of `FileSystem`, in a directory that exists and is empty.
func fileSystemContract(_ files: any FileSystem, in directory: String) throws -> [String] {
    var verdict = Verdict()
    let path = directory + "/a/b/file"
    try files.makeDirectory(directory + "/a/b", mode: 0o750)
    try files.makeDirectory(directory + "/a/b", mode: 0o750)
    verdict.require(files.size(path) == nil, "a file that is not there has a size")
    verdict.require(
        (try? files.read(path, maximumBytes: 9)) == nil, "a file that is not there can be read")
    try files.replace(path, with: Array(0..<200), mode: 0o640)
    verdict.require(files.size(path) == 200, "the size is wrong")
    verdict.require(
        try files.read(path, maximumBytes: 3) == [0, 1, 2], "more is read than was asked for")
    verdict.require(
        try files.read(path, from: 198, maximumBytes: 9) == [198, 199], "the end is read wrongly")
    verdict.require(
        try files.read(path, from: 200, maximumBytes: 9) == [], "there is something at the end")
    try files.replace(path, with: [7], mode: 0o640)
    verdict.require(
        try files.read(path, maximumBytes: 9) == [7], "a replaced file keeps old bytes")
    verdict.require(files.list(directory + "/a/b") == ["file"], "a draft is left behind")
    verdict.require(files.list(directory + "/none") == [], "a missing directory has names")
    try files.rename(path, to: directory + "/a/other")
    verdict.require(
        files.size(path) == nil && files.size(directory + "/a/other") == 1, "not renamed")
    verdict.require(files.list(directory + "/a") == ["b", "other"], "names are wrong")
    verdict.require(
        (try? files.rename(path, to: directory + "/x")) == nil, "nothing can be renamed")
    try files.replace(path, with: [UInt8](repeating: 9, count: 20_000), mode: 0o640)
    try files.discard(path, upTo: 8192)
    verdict.require(files.size(path) == 20_000, "discarding changes the size")
    verdict.require(
        try files.read(path, from: 8192, maximumBytes: 1) == [9], "discarding takes too much")
    verdict.require(
        try files.read(path, from: 100, maximumBytes: 1) == [0], "what is discarded stays")
    try files.remove(path)
    try files.remove(path)
    verdict.require(files.size(path) == nil, "not removed")
    if let capacity = files.capacity(directory) {
        verdict.require(capacity.free <= capacity.total, "more is free than there is")
    }
    return verdict.faults
}

@Suite struct FileSystemContracts {
    @Test func linux() throws {
        let directory = NSTemporaryDirectory() + "/contract-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try LinuxFileSystem().makeDirectory(directory, mode: 0o750)
        #expect(try fileSystemContract(LinuxFileSystem(), in: directory) == [])
    }

    @Test func simulated() throws {
        let files = SimFileSystem(world: SimWorld(seed: 1))
        files.total = 1 << 20
        #expect(try fileSystemContract(files, in: "/state") == [])
    }

    @Test func aFileSystemThatAppendsIsFound() throws {
        let mutant = AppendingFiles(SimFileSystem(world: SimWorld(seed: 1)))
        let faults = try fileSystemContract(mutant, in: "/state")
        #expect(faults.contains("a replaced file keeps old bytes"))
    }

    /// What was replaced is on the disk; what was only appended may go.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func powerLossTakesWhatWasNotSynced(seed: UInt64) throws {
        let files = SimFileSystem(world: SimWorld(seed: seed))
        try files.makeDirectory("/state", mode: 0o750)
        try files.replace("/state/kept", with: [1, 2], mode: 0o640)
        files.append("/state/log", [1, 2, 3])
        files.sync("/state/log")
        files.append("/state/log", [4, 5, 6])
        files.append("/state/new", [1])
        files.losePower()
        #expect(try files.read("/state/kept", maximumBytes: 9) == [1, 2])
        let log = try files.read("/state/log", maximumBytes: 9)
        #expect(log.count >= 3 && log == Array([1, 2, 3, 4, 5, 6].prefix(log.count)))
    }

    @Test func someSeedLosesAnAppendedFile() throws {
        let sizes = (1...20 as ClosedRange<UInt64>).map { seed -> UInt64? in
            let files = SimFileSystem(world: SimWorld(seed: seed))
            files.append("/log", [1])
            files.losePower()
            return files.size("/log")
        }
        #expect(sizes.contains(nil) && sizes.contains(1))
    }

    @Test func aFullDiskRefuses() throws {
        let files = SimFileSystem(world: SimWorld(seed: 1))
        files.total = 10
        try files.replace("/a", with: [UInt8](repeating: 0, count: 10), mode: 0o640)
        #expect(throws: FileError.self) { try files.replace("/b", with: [1], mode: 0o640) }
        try files.replace("/a", with: [1], mode: 0o640)
    }
}

/// Mutant: `replace` leaves the old bytes where they were.
private struct AppendingFiles: FileSystem {
    private let files: SimFileSystem

    init(_ files: SimFileSystem) { self.files = files }

    func replace(_ path: String, with bytes: [UInt8], mode: UInt32) throws(FileError) {
        files.append(path, bytes)
    }

    func read(_ path: String, maximumBytes: Int) throws(FileError) -> [UInt8] {
        try files.read(path, maximumBytes: maximumBytes)
    }
    func read(
        _ path: String, from offset: UInt64, maximumBytes: Int
    ) throws(FileError) -> [UInt8] {
        try files.read(path, from: offset, maximumBytes: maximumBytes)
    }
    func size(_ path: String) -> UInt64? { files.size(path) }
    func list(_ directory: String) -> [String] { files.list(directory) }
    func rename(_ path: String, to target: String) throws(FileError) {
        try files.rename(path, to: target)
    }
    func remove(_ path: String) throws(FileError) { try files.remove(path) }
    func discard(_ path: String, upTo offset: UInt64) throws(FileError) {
        try files.discard(path, upTo: offset)
    }
    func makeDirectory(_ path: String, mode: UInt32) throws(FileError) {
        try files.makeDirectory(path, mode: mode)
    }
    func capacity(_ path: String) -> (total: UInt64, free: UInt64)? { files.capacity(path) }
}
