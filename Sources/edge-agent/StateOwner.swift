import Glibc

/// The user whom the agent's state belongs to.
enum StateOwner {
    /// Gives up root's powers for those of the owner of a directory, so that the service can read
    /// what is written there. Not by handing files over afterwards: root must not follow paths in a
    /// directory that another user writes to.
    ///
    /// Does nothing for another user than root, and where the directory is missing or root's.
    /// - Returns: Whether it could; else it has said why not.
    static func become(of directory: String) -> Bool {
        var status = stat()
        guard geteuid() == 0, stat(directory, &status) == 0, status.st_uid != 0 else { return true }
        var group = status.st_gid
        guard setgroups(1, &group) == 0, setgid(group) == 0, setuid(status.st_uid) == 0 else {
            Output.error(
                "edge-agent: cannot work as the owner of \(directory), user \(status.st_uid): "
                    + "\(String(cString: strerror(errno))). Run the command as that user.")
            return false
        }
        return true
    }
}
