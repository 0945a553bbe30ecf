extension Collection where Element: Equatable {
    /// Whether the elements of `part` follow one another somewhere in this collection; an empty part
    /// is in every collection.
    package func holds(_ part: some Collection<Element>) -> Bool {
        var rest = self[...]
        while rest.count >= part.count {
            if rest.starts(with: part) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}

extension StringProtocol {
    /// Whether `part` occurs in this text, compared byte by byte in UTF-8.
    ///
    /// The standard library's own search comes with its regular expressions, which a static
    /// executable carries whole; the agent's modules are compiled without them. Where a caller
    /// imports them or Foundation, theirs is taken.
    @_disfavoredOverload
    package func contains(_ part: some StringProtocol) -> Bool { utf8.holds(part.utf8) }
}
