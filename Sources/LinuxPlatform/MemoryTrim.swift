import CEdgeShims

/// Gives start-up code back to the kernel.
public enum MemoryTrim {
    /// Call once after start, and rarely after that: pages in use must be read again.
    public static func run() { _ = edge_trim_file_pages() }
}
