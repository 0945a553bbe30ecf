/// What one image may take. An image comes from elsewhere, and what it claims decides nothing.
public struct ImageLimits: Sendable, Hashable {
    /// Bytes of a manifest, an index or a configuration. A thousand layers fit; the values read from
    /// it take up to twelve times as much memory.
    public static let documentBytesMax = 512 << 10
    /// Indexes within indexes.
    public static let indexDepthMax = 3
    /// The kernel takes the paths of an overlay's layers in one page of 4,096 bytes
    /// (Documentation/filesystems/overlayfs.rst, mount(2)). The store's names take 26 with their
    /// separator, which is 157; the same 127 as elsewhere, so that what runs there runs here.
    public static let layersMax = 127

    /// Bytes of one compressed layer.
    public var blobBytesMax: UInt64 = 4 << 30
    /// Bytes of all files of one layer, holes included: whoever copies them out fills the holes.
    public var layerBytesMax: UInt64 = 4 << 30
    /// Files, directories and links of one layer. A Debian with a desktop has about 200,000.
    public var entriesMax = 400_000
    /// How many times its size a layer may become. Programs and text come to 2…10; zeros to 1,030
    /// with gzip.
    public var expansionMax: UInt64 = 100
    /// Up to so many bytes the ratio is not asked: a small layer may be mostly padding.
    public var expansionFree: UInt64 = 32 << 20

    public init() {}
}
