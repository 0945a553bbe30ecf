/// Bytes that are not the DER that was expected.
public struct DERError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong with them.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// One element: its tag and where its bytes are.
struct DERElement {
    let tag: UInt8
    let content: ArraySlice<UInt8>
    /// With tag and length.
    let whole: ArraySlice<UInt8>
}

/// Reads ASN.1 in DER, element by element. Total: any bytes give elements or an error.
///
/// It holds no more than slices of what it was given, and goes only as deep as its caller does.
struct DERReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    /// The tag of the next element, nil at the end.
    var tag: UInt8? { rest.first }

    /// The next element, whatever it is.
    mutating func next() throws(DERError) -> DERElement {
        let before = rest
        guard let tag = rest.popFirst() else { throw DERError("the bytes end too early") }
        guard tag & 0x1F != 0x1F else { throw DERError("a tag of several octets") }
        let count = try length()
        guard count <= rest.count else { throw DERError("an element is cut off") }
        let end = rest.startIndex + count
        defer { rest = rest[end...] }
        return DERElement(tag: tag, content: rest[..<end], whole: before[..<end])
    }

    /// The next element, which must have a tag.
    mutating func next(_ tag: UInt8, _ what: String) throws(DERError) -> DERElement {
        guard self.tag == tag else { throw DERError("no \(what) where one belongs") }
        return try next()
    }

    /// A reader of what the next element holds.
    mutating func enter(_ tag: UInt8, _ what: String) throws(DERError) -> DERReader {
        DERReader(try next(tag, what).content)
    }

    /// Passes over the next element where it has a tag.
    mutating func skip(_ tag: UInt8) throws(DERError) {
        if self.tag == tag { _ = try next() }
    }

    func expectEnd(_ what: String) throws(DERError) {
        guard isAtEnd else { throw DERError("bytes after the end of \(what)") }
    }

    /// X.690 §10.1: definite, in the fewest octets. Four are enough for what fits in memory here.
    private mutating func length() throws(DERError) -> Int {
        guard let first = rest.popFirst() else { throw DERError("the bytes end too early") }
        guard first >= 0x80 else { return Int(first) }
        let octets = Int(first & 0x7F)
        guard 1...4 ~= octets, octets <= rest.count else { throw DERError("an unusable length") }
        var count = 0
        for _ in 0..<octets { count = count << 8 | Int(rest.removeFirst()) }
        guard count >= 0x80, octets == 1 || count >> (8 * (octets - 1)) > 0 else {
            throw DERError("a length that is longer than it need be")
        }
        return count
    }
}
