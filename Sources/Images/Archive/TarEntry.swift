/// One member of a tar archive, as its headers say.
public struct TarEntry: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case file, directory, fifo, characterDevice, blockDevice
        /// With the bytes of its target.
        case symbolicLink([UInt8])
        /// With the path of another member.
        case hardLink([UInt8])
    }

    public struct Attribute: Sendable, Hashable {
        public let name: String
        public let value: [UInt8]
    }

    public internal(set) var kind: Kind
    /// As written, not cleaned. Linux's file names are bytes.
    public internal(set) var path: [UInt8]
    /// The twelve bits of permissions.
    public internal(set) var mode: UInt32
    public internal(set) var user: UInt32
    public internal(set) var group: UInt32
    /// Seconds since 1970.
    public internal(set) var modified: Int64
    /// Bytes of the file once it is unpacked, with holes; 0 for what is no file.
    public internal(set) var size: UInt64
    /// Extended attributes, from records `SCHILY.xattr.…`.
    public internal(set) var attributes: [Attribute] = []
    /// Bytes of content in the archive; fewer than `size` for a file with holes.
    public internal(set) var storedSize: UInt64
}

/// What the reader found next.
public enum TarEvent: Sendable, Hashable {
    case entry(TarEntry)
    /// Bytes of the chunk that are the entry's content, and where in the file they belong.
    case data(Range<Int>, offset: UInt64)
    /// The entry has all its content.
    case endOfEntry
}
