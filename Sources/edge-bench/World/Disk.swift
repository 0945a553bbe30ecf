import Foundation

/// File systems of a size of our own: an ext4 on a loop device, whose writes can be counted, and
/// a tmpfs, which can be filled. Both need root and are unmounted whatever way the run ends.
final class Disk {
    let mountPoint: String
    /// `loopN`; nil for a tmpfs.
    private let device: String?

    private init(mountPoint: String, device: String?) {
        self.mountPoint = mountPoint
        self.device = device
    }

    /// An ext4 on a file in the run's folder.
    static func ext4(_ name: String, mebibytes: Int, in world: World) async throws -> Disk {
        try demandRoot("an ext4 on a loop device")
        let image = "\(world.folder)/\(name).img"
        try Files.write("", to: image)
        guard truncate(image, off_t(mebibytes) << 20) == 0 else {
            throw BenchFailure("cannot make \(image): \(String(cString: strerror(errno)))")
        }
        // Lazy initialisation would go on writing in the background and be counted as ours.
        try await tool("mkfs.ext4", in: world).mustRun(
            ["-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image])
        let loop = try await tool("losetup", in: world).mustRun(["-f", "--show", image])
            .output.trimmingCharacters(in: .whitespacesAndNewlines)
        Cleanup.add(undo: ["losetup", "-d", loop], key: loop)
        return try await mount(
            name, ["-t", "ext4", loop], device: loop.replacing("/dev/", with: ""), in: world)
    }

    /// A file system in memory that holds this much.
    static func tmpfs(_ name: String, kibibytes: Int, in world: World) async throws -> Disk {
        try demandRoot("a tmpfs")
        return try await mount(
            name, ["-t", "tmpfs", "-o", "size=\(kibibytes)k,mode=700", "tmpfs"], device: nil,
            in: world)
    }

    private static func mount(
        _ name: String, _ arguments: [String], device: String?, in world: World
    ) async throws -> Disk {
        let mountPoint = try world.makeFolder(name)
        // Lazily: a process that was killed a moment ago may still be letting go of its files.
        Cleanup.add(undo: ["umount", "-l", mountPoint], key: mountPoint)
        try await tool("mount", in: world).mustRun(arguments + [mountPoint])
        return Disk(mountPoint: mountPoint, device: device)
    }

    /// Mounts it again with other options, such as `ro`.
    func remount(_ options: String, in world: World) async throws {
        try await Self.tool("mount", in: world).mustRun(["-o", "remount,\(options)", mountPoint])
    }

    /// Writes zeroes into a file until nothing fits any more.
    func fill() throws {
        let path = mountPoint + "/filler"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BenchFailure("cannot write \(path)") }
        defer { close(descriptor) }
        // Down to single bytes, so that not even a small write of another process fits.
        for size in [65_536, 4096, 512, 1] {
            let block = [UInt8](repeating: 0, count: size)
            while write(descriptor, block, size) == size {}
        }
    }

    /// Makes room again after `fill`.
    func makeRoom() throws {
        guard unlink(mountPoint + "/filler") == 0 else {
            throw BenchFailure("cannot remove \(mountPoint)/filler")
        }
    }

    /// Sectors of 512 bytes written to the device so far, after all that is dirty was written
    /// (Documentation/block/stat.rst, seventh field).
    func sectorsWritten() throws -> Int {
        sync()
        let fields = Files.text("/sys/block/\(device ?? "")/stat").split(
            whereSeparator: \.isWhitespace)
        guard fields.count > 6, let sectors = Int(fields[6]) else {
            throw BenchFailure("cannot read /sys/block/\(device ?? "")/stat")
        }
        return sectors
    }

    private static func tool(_ name: String, in world: World) throws -> Command {
        Command(executable: try Spawn.locate(name), scratch: world.logs)
    }

    private static func demandRoot(_ what: String) throws {
        guard geteuid() == 0 else {
            throw BenchFailure("\(what) needs root; run it as root (sudo)")
        }
    }
}
