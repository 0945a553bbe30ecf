import FleetHub

/// The query of a request, decoded and held against what its route knows.
struct APIQuery {
    /// Bytes of one value, decoded. Longer than any selector or prefix that has a meaning.
    static let valueBytesMax = 1024

    private var values: [String: String] = [:]

    /// - Throws: `invalid` for a parameter that the route does not know (a misspelt `limit` must
    ///   not silently mean the default), a repeated one, or one that cannot be decoded.
    init(_ query: String?, known: [String]) throws(HubError) {
        let items = (query ?? "").split(separator: "&", omittingEmptySubsequences: true)
        for item in items {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first.flatMap({ PercentDecoding.decode($0) }),
                let value = PercentDecoding.decode(parts.count > 1 ? parts[1] : "")
            else {
                throw HubError(
                    .invalid, "The query has a part that is not percent-encoded UTF-8.",
                    hint: "Write a literal % as %25.")
            }
            guard known.contains(name) else {
                let names = known.isEmpty ? "none" : known.joined(separator: ", ")
                throw HubError(
                    .invalid, "Unknown query parameter \"\(name.prefix(64))\".",
                    hint: "Known here: \(names).")
            }
            guard values[name] == nil else {
                throw HubError(
                    .invalid, "Query parameter \"\(name)\" is given twice.", hint: "Give it once.")
            }
            guard !value.isEmpty, value.utf8.count <= Self.valueBytesMax else {
                throw HubError(
                    .invalid, "Query parameter \"\(name)\" is empty or too long.",
                    hint: "Leave it out, or give 1 to \(Self.valueBytesMax) bytes.")
            }
            values[name] = value
        }
    }

    func text(_ name: String) -> String? { values[name] }

    /// - Throws: `invalid` for anything but `true` and `false`.
    func flag(_ name: String) throws(HubError) -> Bool {
        switch values[name] {
        case nil, "false": return false
        case "true": return true
        default:
            throw HubError(
                .invalid, "Query parameter \"\(name)\" is neither true nor false.",
                hint: "Write \(name)=true or leave it out.")
        }
    }

    /// - Throws: `invalid` for no decimal number or one outside of `range`.
    func number(_ name: String, in range: ClosedRange<Int64>, default fallback: Int64)
        throws(HubError) -> Int64
    {
        guard let text = values[name] else { return fallback }
        guard let number = Int64(text), range.contains(number) else {
            let bound =
                range.upperBound == .max
                ? "of at least \(range.lowerBound)"
                : "from \(range.lowerBound) to \(range.upperBound)"
            throw HubError(
                .invalid, "Query parameter \"\(name)\" is no number \(bound).",
                hint: "Its default is \(fallback).")
        }
        return number
    }
}
