import Glibc

/// A program that the agent starts, installed with it.
public enum HelperProgram {
    /// Beside the running program, else where the package puts it; nil where it is in neither.
    public static func find(_ name: String) -> String? {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        guard count > 0 else { return nil }
        let bytes = path.prefix(count).map { UInt8(bitPattern: $0) }
        let program = String(decoding: bytes, as: UTF8.self)
        let beside = program.prefix(through: program.lastIndex(of: "/") ?? program.startIndex)
        return [beside + name, "/usr/libexec/edge-agent/" + name]
            .first { access($0, X_OK) == 0 }
    }
}
