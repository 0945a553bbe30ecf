import Foundation

/// The words that one of our programs understands, read from its sources.
struct ToolVocabulary {
    let subcommands: Set<String>
    /// With their dashes.
    let flags: Set<String>

    /// Every program answers these without naming them.
    private static let builtIn: Set<String> = ["--help", "-h", "--version"]

    /// A program that uses ArgumentParser: its commands' names and its options' properties.
    static func parsedArguments(of folder: String, in tree: SourceTree) throws -> Self {
        var subcommands: Set<String> = []
        var flags = builtIn
        for path in tree.files(under: folder, endingWith: ".swift") {
            let source = try tree.text(path)
            for match in source.matches(of: #/commandName:\s*"([^"]+)"/#) {
                subcommands.insert(String(match.1))
            }
            for match in source.matches(of: #/(?:struct|enum)\s+(\w+)\s*:[^{]*ParsableCommand/#) {
                subcommands.insert(kebab(String(match.1)))
            }
            // From the attribute to its property lie the attribute's arguments.
            for match in source.matches(of: #/@(?:Option|Flag)\b([\s\S]*?)\bvar\s+(\w+)/#) {
                flags.formUnion(names(attribute: String(match.1), property: String(match.2)))
            }
        }
        return Self(subcommands: subcommands, flags: flags)
    }

    /// A program that reads its arguments itself: a word it knows is one of its string literals.
    static func literals(of folder: String, in tree: SourceTree) throws -> Self {
        var words: Set<String> = []
        for path in tree.files(under: folder, endingWith: ".swift") {
            for match in try tree.text(path).matches(of: #/"(-{0,2}[a-z][a-z0-9-]*)"/#) {
                words.insert(String(match.1))
            }
        }
        return Self(
            subcommands: words.filter { !$0.hasPrefix("-") },
            flags: words.filter { $0.hasPrefix("-") }.union(builtIn))
    }

    /// `make`: the targets of a Makefile.
    static func targets(of path: String, in tree: SourceTree) throws -> Self {
        let rules = try tree.text(path)
            .matches(of: #/^([a-z][a-z-]*):(?!=)/#.anchorsMatchLineEndings())
        return Self(subcommands: Set(rules.map { String($0.1) }), flags: [])
    }

    private static func names(attribute: String, property: String) -> [String] {
        var found = attribute.matches(of: #/customLong\(\s*"([^"]+)"/#).map { "--\($0.1)" }
        found += attribute.matches(of: #/customShort\(\s*"(.)"/#).map { "-\($0.1)" }
        if attribute.contains(#/\.short(?:AndLong)?\b/#) { found.append("-\(property.prefix(1))") }
        if found.isEmpty || attribute.contains(#/\.(?:long|shortAndLong)\b/#) {
            found.append("--" + kebab(property))
        }
        if attribute.contains("prefixedNo") { found.append("--no-" + kebab(property)) }
        return found
    }

    /// ArgumentParser's spelling of a Swift name: `logRowsMax` is `log-rows-max`.
    static func kebab(_ name: String) -> String {
        var out = ""
        for character in name {
            if character.isUppercase, !out.isEmpty { out += "-" }
            out += character.lowercased()
        }
        return out
    }

    /// What is wrong with arguments that a document shows, nil where nothing is.
    func complaint(about arguments: [String], groups: Set<String> = []) -> String? {
        // A lone hyphen stands for standard input.
        for word in arguments where word.hasPrefix("-") && word != "-" {
            if word == "--" { break }
            let flag = String(word.prefix { $0 != "=" })
            if !flags.contains(flag) { return "unknown option \(flag)" }
        }
        guard let first = arguments.first, !first.hasPrefix("-") else { return nil }
        guard subcommands.contains(first) else { return "unknown subcommand \(first)" }
        if groups.contains(first) {
            guard arguments.count > 1 else { return "\(first) needs a subcommand" }
            if !subcommands.contains(arguments[1]) {
                return "unknown subcommand \(first) \(arguments[1])"
            }
        }
        return nil
    }
}
