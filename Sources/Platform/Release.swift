/// This release. The same for all programs of the fleet.
public enum Release {
    public static let version = "0.1.0"

    /// 2026-11-23T00:00:00Z, the day of this release: no clock that reads earlier is right.
    public static let date = WallTime(milliseconds: 1_795_392_000_000)
}
