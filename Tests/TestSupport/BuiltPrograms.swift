/// The programs that were built beside the tests.
public enum BuiltPrograms {
    public static func path(_ name: String) -> String {
        let tests = CommandLine.arguments[0]
        return tests.prefix(through: tests.lastIndex(of: "/") ?? tests.startIndex) + name
    }
}
