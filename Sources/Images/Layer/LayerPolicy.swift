/// What becomes of files that give their user another's powers: set-user-ID, set-group-ID, and file
/// capabilities (capabilities(7)).
public enum PrivilegePolicy: String, Sendable, Hashable, CaseIterable {
    /// They lose them. What runs here may gain no privileges (prctl(2), PR_SET_NO_NEW_PRIVS), so
    /// they would be of no use in a container, and of use to a user of the board who reaches the
    /// store.
    case strip
    /// They keep them.
    case keep
    /// The image is refused.
    case refuse
}

/// What one layer has cost and may cost; bounds hold while it is read, not after.
public struct LayerBudget: Sendable, Hashable {
    private let limits: ImageLimits
    /// Bytes as they came, compressed.
    private let compressedBytes: UInt64
    private(set) var expandedBytes: UInt64 = 0
    /// Bytes of its files, holes included.
    public private(set) var fileBytes: UInt64 = 0
    /// Its files, directories and links.
    public private(set) var entries = 0

    public init(limits: ImageLimits, compressedBytes: UInt64) {
        self.limits = limits
        self.compressedBytes = compressedBytes
    }

    /// So many more bytes came out of the decompressor.
    public mutating func onExpanded(_ count: Int) throws(ImageError) {
        expandedBytes += UInt64(count)
        let (product, isOver) = compressedBytes.multipliedReportingOverflow(by: limits.expansionMax)
        let most = max(isOver ? .max : product, limits.expansionFree)
        guard expandedBytes <= most else {
            throw ImageError(
                .limit,
                "a layer of \(compressedBytes) bytes becomes more than \(limits.expansionMax) times "
                    + "as long",
                advice: "it is a bomb or has a file of zeros; build the image without it")
        }
    }

    mutating func onEntry(_ entry: TarEntry) throws(ImageError) {
        entries += 1
        guard entries <= limits.entriesMax else {
            throw ImageError(
                .limit, "a layer has more than \(limits.entriesMax) files",
                advice: "build the image with fewer, or give more by --files-max")
        }
        let (sum, isOver) = fileBytes.addingReportingOverflow(entry.size)
        guard !isOver, sum <= limits.layerBytesMax else {
            throw ImageError(
                .limit,
                "a layer's files have more than \(limits.layerBytesMax) bytes, holes included, with "
                    + Shown.path(entry.path),
                advice: "build the image without that file, or give more by --layer-bytes-max")
        }
        fileBytes = sum
    }
}
