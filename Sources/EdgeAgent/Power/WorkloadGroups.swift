import Platform
import PowerManager

/// The control groups of workloads, one for each class, below one that the agent may write.
struct WorkloadGroups {
    let kernel: any KernelFiles
    /// Under `/sys/fs/cgroup`.
    let path: String

    /// The group given, else the one that the service manager delegates, which is the parent of the
    /// agent's own where that is called `agent` (systemd, `DelegateSubgroup=agent`).
    ///
    /// - Returns: nil where there is none, or it cannot be used.
    static func find(_ kernel: any KernelFiles, given: String) -> WorkloadGroups? {
        var path = given
        if path.isEmpty {
            let lines = ((try? kernel.text("/proc/self/cgroup")) ?? "").split(separator: "\n")
            guard let own = lines.first(where: { $0.hasPrefix("0::/") && $0.hasSuffix("/agent") })
            else { return nil }
            path = "/sys/fs/cgroup" + own.dropFirst(3).dropLast("/agent".count)
        }
        let groups = WorkloadGroups(kernel: kernel, path: path)
        return groups.prepare() ? groups : nil
    }

    static func name(_ kind: WorkloadClass) -> String { "work-\(kind.rawValue)" }

    /// Makes the groups of the classes; those of an earlier run of the agent stay.
    private func prepare() -> Bool {
        do throws(FileError) {
            // Fails where the group itself has processes: then it is not ours to divide.
            try kernel.set(path + "/cgroup.subtree_control", "+cpu +cpuset")
            for kind in WorkloadClass.allCases {
                let group = group(kind)
                try kernel.makeGroup(group)
                try kernel.set(group + "/cpu.weight", "\(kind.weight)")
            }
            return true
        } catch {
            return false
        }
    }

    /// The directory of the group of a class.
    func group(_ kind: WorkloadClass) -> String { "\(path)/\(Self.name(kind))" }
}
