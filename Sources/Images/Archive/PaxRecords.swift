/// The records of an extended header (POSIX pax, Extended Header File Format):
/// `<length> <keyword>=<value>\n`, the length with all of it.
struct PaxRecords {
    /// Of one header, with everything in it.
    static let bytesMax = 1 << 20
    private static let attributePrefix = "SCHILY.xattr."

    private(set) var path: [UInt8]?
    private(set) var linkPath: [UInt8]?
    private(set) var size: UInt64?
    private(set) var user: UInt64?
    private(set) var group: UInt64?
    private(set) var modified: Int64?
    private(set) var attributes: [TarEntry.Attribute] = []

    // GNU.sparse (tar.info, PAX Format).
    private(set) var sparseMajor: UInt64?
    private(set) var sparseMinor: UInt64?
    private(set) var sparseName: [UInt8]?
    private(set) var sparseSize: UInt64?
    private(set) var sparseSegments: [SparseMap.Segment] = []
    private(set) var isSparse = false
    private var pendingOffset: UInt64?

    init() {}

    /// Adds the records of one header; later ones win.
    mutating func read(_ bytes: [UInt8]) throws(ImageError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0 != UInt8(ascii: " ") }
            guard let length = TarNumber.decimal(digits), length <= UInt64(rest.count),
                Int(length) > digits.count + 1
            else {
                // Some writers fill up with NULs.
                if rest.allSatisfy({ $0 == 0 }) { return }
                throw Self.error("a record has no length")
            }
            let record = rest.prefix(Int(length)).dropFirst(digits.count + 1)
            guard record.last == UInt8(ascii: "\n"),
                let equals = record.firstIndex(of: UInt8(ascii: "="))
            else { throw Self.error("a record has no value or no end") }
            let key = String(decoding: record[..<equals], as: UTF8.self)
            try set(key, Array(record[record.index(after: equals)...].dropLast()))
            rest = rest.dropFirst(Int(length))
        }
    }

    private mutating func set(_ key: String, _ value: [UInt8]) throws(ImageError) {
        switch key {
        case "path": path = try Self.name(value)
        case "linkpath": linkPath = try Self.name(value)
        case "size": size = try Self.number(value)
        case "uid": user = try Self.number(value)
        case "gid": group = try Self.number(value)
        case "mtime": modified = Self.time(value)
        case _ where key.hasPrefix("GNU.sparse."): try setSparse(key, value)
        case _ where key.hasPrefix(Self.attributePrefix):
            let name = String(key.dropFirst(Self.attributePrefix.count))
            attributes.removeAll { $0.name == name }
            guard attributes.count < Self.attributesMax else {
                throw Self.error("a member has more than \(Self.attributesMax) attributes")
            }
            attributes.append(TarEntry.Attribute(name: name, value: value))
        default: break
        }
    }

    /// So that a header of many small ones takes linear time.
    static let attributesMax = 64

    private mutating func setSparse(_ key: String, _ value: [UInt8]) throws(ImageError) {
        isSparse = true
        switch key.dropFirst("GNU.sparse.".count) {
        case "major": sparseMajor = try Self.number(value)
        case "minor": sparseMinor = try Self.number(value)
        case "name": sparseName = try Self.name(value)
        case "size", "realsize": sparseSize = try Self.number(value)
        case "offset": pendingOffset = try Self.number(value)
        case "numbytes":
            guard let offset = pendingOffset else { throw Self.error("a hole has no offset") }
            pendingOffset = nil
            try append(SparseMap.Segment(offset: offset, count: try Self.number(value)))
        case "map":
            var numbers: [UInt64] = []
            for part in value.split(separator: UInt8(ascii: ",")) {
                numbers.append(try Self.number(Array(part)))
                if numbers.count == 2 {
                    try append(SparseMap.Segment(offset: numbers[0], count: numbers[1]))
                    numbers = []
                }
            }
            guard numbers.isEmpty else { throw Self.error("a list of holes is cut off") }
        default: break
        }
    }

    private mutating func append(_ segment: SparseMap.Segment) throws(ImageError) {
        guard sparseSegments.count < SparseMap.segmentsMax else {
            throw Self.error("a file has more than \(SparseMap.segmentsMax) parts between holes")
        }
        sparseSegments.append(segment)
    }

    private static func name(_ value: [UInt8]) throws(ImageError) -> [UInt8] {
        guard !value.contains(0) else { throw error("a name has a NUL in it") }
        return value
    }

    private static func number(_ value: [UInt8]) throws(ImageError) -> UInt64 {
        guard let number = TarNumber.decimal(value) else {
            throw error("a number is none: \(Shown.path(value))")
        }
        return number
    }

    /// Whole seconds of a decimal fraction; a time before 1970 is 1970.
    private static func time(_ value: [UInt8]) -> Int64 {
        TarNumber.decimal(value.prefix { $0 != UInt8(ascii: ".") }).map { Int64(clamping: $0) } ?? 0
    }

    static func error(_ why: String) -> ImageError {
        ImageError.archive("in an extended header, \(why)")
    }
}
