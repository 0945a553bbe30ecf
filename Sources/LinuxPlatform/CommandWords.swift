/// The words that this process was started with, its own name left out.
public enum CommandWords {
    /// Swift's `CommandLine` looks for them next to the environment, where they are not once a
    /// preloaded library has set a variable; proc(5) has them then.
    public static func read() -> [String] {
        let words = CommandLine.arguments.dropFirst()
        guard words.isEmpty,
            let bytes = try? LinuxFileSystem().read("/proc/self/cmdline", maximumBytes: 2 << 20)
        else { return Array(words) }
        // Every word ends with a zero, an empty one too.
        return bytes.dropLast().split(separator: 0, omittingEmptySubsequences: false).dropFirst()
            .map { String(decoding: $0, as: UTF8.self) }
    }
}
