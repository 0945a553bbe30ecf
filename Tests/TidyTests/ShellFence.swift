import Foundation

/// The commands that a document shows in its fences marked `sh`.
enum ShellFence {
    /// The commands of all `sh` fences, each as its words, without assignments before it. A here
    /// document is no command.
    static func commands(in markdown: String) -> [[String]] {
        var found: [[String]] = []
        var isInside = false
        var pending = ""
        var hereDocumentEnd: String?
        for line in markdown.split(separator: "\n", omittingEmptySubsequences: false) {
            let text = line.trimmingCharacters(in: .whitespaces)
            if text.hasPrefix("```") {
                isInside = text == "```sh"
                continue
            }
            guard isInside else { continue }
            if let end = hereDocumentEnd {
                if text == end { hereDocumentEnd = nil }
                continue
            }
            if text.hasSuffix("\\") {
                pending += text.dropLast() + " "
                continue
            }
            let command = pending + text
            pending = ""
            if let start = command.firstMatch(of: #/<<-?\s*['"]?(\w+)['"]?/#) {
                hereDocumentEnd = String(start.1)
            }
            found += split(command)
        }
        return found
    }

    /// The simple commands of one line: a pipeline's parts, and those of a `$(…)`.
    static func split(_ line: String) -> [[String]] {
        var commands: [[String]] = [[]]
        var word = ""
        var hasWord = false
        var quote: Character?

        func endWord() {
            if hasWord { commands[commands.count - 1].append(word) }
            word = ""
            hasWord = false
        }
        func endCommand() {
            endWord()
            commands.append([])
        }

        var rest = Substring(line)
        while let character = rest.popFirst() {
            if rest.first == "(", character == "$", quote != "'" {
                rest.removeFirst()
                endCommand()
                quote = nil
            } else if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "'" || character == "\"" {
                quote = character
                hasWord = true
            } else if character == "#", !hasWord {
                break
            } else if "|&;)".contains(character) {
                endCommand()
            } else if character.isWhitespace {
                endWord()
            } else {
                word.append(character)
                hasWord = true
            }
        }
        endCommand()
        return commands.map(withoutPrefix).filter { !$0.isEmpty }
    }

    /// Drops assignments and the words that run another command.
    private static func withoutPrefix(_ words: [String]) -> [String] {
        var rest = words[...]
        while let word = rest.first {
            if word == "sudo", rest.dropFirst().first == "-u" {
                rest = rest.dropFirst(3)
            } else if ["$", "sudo", "export", "env", "time"].contains(word)
                || word.contains(#/^[A-Za-z_]\w*=/#)
            {
                rest = rest.dropFirst()
            } else {
                break
            }
        }
        return Array(rest)
    }
}
