extension StringProtocol {
    /// Whether `part` occurs in this text, compared byte by byte in UTF-8.
    ///
    /// The standard library's own search comes with its regular expressions, which a static
    /// executable carries whole; the agent's modules are compiled without them. Where a caller
    /// imports them or Foundation, theirs is taken.
    @_disfavoredOverload
    package func contains(_ part: some StringProtocol) -> Bool {
        var rest = utf8[...]
        while rest.count >= part.utf8.count {
            if rest.starts(with: part.utf8) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}
