import Foundation
import Platform

/// Two named pipes by which a started program says that it runs, and learns that it may end.
final class StartProbe {
    /// Where they are; in a container at /out.
    let folder: String
    private let started: Int32
    private let ended: Int32

    init(in world: World) throws {
        folder = try world.makeFolder("out")
        started = try Self.pipe(folder + "/started")
        ended = try Self.pipe(folder + "/end")
    }

    deinit {
        close(started)
        close(ended)
    }

    private static func pipe(_ path: String) throws -> Int32 {
        guard mkfifo(path, 0o666) == 0 else { throw BenchFailure("mkfifo: errno \(errno)") }
        // For both, so that neither end ever waits for the other to be opened.
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw BenchFailure("open \(path): errno \(errno)") }
        return descriptor
    }

    /// What to run.
    static func words(out: String) -> [String] {
        ["/bin/busybox", "sh", "-c", "echo >\(out)/started; read word <\(out)/end"]
    }

    /// Milliseconds from `start` until the program's word.
    func wait(since start: ContinuousClock.Instant) throws -> Double {
        var request = pollfd(fd: started, events: Int16(POLLIN), revents: 0)
        guard poll(&request, 1, 30_000) == 1 else {
            throw BenchFailure("the program did not start within 30 s")
        }
        let time = (ContinuousClock.now - start).seconds * 1000
        var byte: UInt8 = 0
        guard read(started, &byte, 1) == 1 else { throw BenchFailure("read: errno \(errno)") }
        return time
    }

    /// Lets it end.
    func end() throws {
        guard write(ended, "\n", 1) == 1 else { throw BenchFailure("write: errno \(errno)") }
    }
}
