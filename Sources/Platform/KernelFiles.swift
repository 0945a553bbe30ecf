/// The seam to the kernel's knobs: the small text files of sysfs and of control groups.
///
/// Paths are as on a running board; a conformer may look for them under another root.
public protocol KernelFiles: Sendable {
    /// What a file says, without the end of its line. At most `KernelFilesBounds.bytesMax`.
    func text(_ path: String) throws(FileError) -> String
    /// Writes a line in one piece, as the kernel wants it, into a file that is there. What the
    /// kernel makes of it only reading tells.
    func set(_ path: String, _ text: String) throws(FileError)
    /// The names in a directory, sorted; none where there is no such directory.
    func list(_ directory: String) -> [String]
    /// Makes a control group; done where it is there already.
    func makeGroup(_ path: String) throws(FileError)
}

/// What bounds the seam to the kernel's knobs.
public enum KernelFilesBounds {
    /// Bytes read of a file. sysfs(5) holds an attribute in one page.
    public static let bytesMax = 4096
}
