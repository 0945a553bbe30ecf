import Foundation

/// A program with copies of all its libraries, the loader too: no other process maps these files,
/// so the kernel attributes every page of them to this one and PSS is not divided by chance.
final class PrivateProgram {
    let folder: String
    private let program: String
    private let world: World
    private var loader = ""

    /// Copies the program and what ldd(1) names.
    init(_ program: String, in world: World) async throws {
        self.world = world
        folder = try world.makeFolder("private")
        self.program = folder + "/" + (program as NSString).lastPathComponent
        try Self.copy(program, to: self.program)
        let ldd = try Command(executable: Spawn.locate("ldd"), scratch: world.logs)
        for line in try await ldd.mustRun([program]).output.split(separator: "\n") {
            let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
            if let path = words.first(where: { $0.hasPrefix("/") }) { try add(path) }
        }
        guard !loader.isEmpty else { throw BenchFailure("\(program) has no loader: is it static?") }
    }

    /// How to start it: the loader first, since a program's own loader is the system's, which
    /// everybody maps.
    var launcher: [String] { [loader, "--library-path", folder, program] }

    /// Copies the libraries that a running instance has opened from elsewhere (dlopen(3)).
    /// - Returns: true where there were any, so that it must be started again.
    func adopt(from pid: pid_t) throws -> Bool {
        let foreign = Self.libraries(maps: Files.text("/proc/\(pid)/maps")).filter {
            !$0.hasPrefix(folder + "/")
        }
        for path in foreign { try add(path) }
        return !foreign.isEmpty
    }

    /// The shared objects of a memory map (proc(5), `maps`), each once.
    static func libraries(maps: String) -> [String] {
        let paths = maps.split(separator: "\n").compactMap { line -> String? in
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count == 6 else { return nil }
            let path = fields[5].trimmingCharacters(in: .whitespaces)
            return path.hasPrefix("/") && path.contains(".so") ? path : nil
        }
        return Set(paths).sorted()
    }

    /// Copies a library under its own name and links the names by which others ask for it, such
    /// as `libmosquitto.so.1` for `libmosquitto.so.2.0.11`.
    private func add(_ path: String) throws {
        let source = try Self.realPath(path)
        let name = (source as NSString).lastPathComponent
        guard !FileManager.default.fileExists(atPath: folder + "/" + name) else { return }
        try Self.copy(source, to: folder + "/" + name)
        if name.hasPrefix("ld-linux") || name.hasPrefix("ld-musl") { loader = folder + "/" + name }
        for place in Set([path, source].map { ($0 as NSString).deletingLastPathComponent }) {
            for other in (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? [] {
                let isAlias = (try? Self.realPath("\(place)/\(other)")) == source
                if isAlias, other != name { symlink(name, folder + "/" + other) }
            }
        }
    }

    private static func realPath(_ path: String) throws -> String {
        guard let resolved = realpath(path, nil) else {
            throw BenchFailure("cannot find \(path): \(String(cString: strerror(errno)))")
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func copy(_ source: String, to target: String) throws {
        do { try FileManager.default.copyItem(atPath: source, toPath: target) } catch {
            throw BenchFailure("cannot copy \(source): \(error)")
        }
    }
}
