/// Registers of MCP23017 with IOCON.BANK = 0, as after a reset: Microchip DS20001952, §3.5,
/// table 3-3. A and B are side by side.
enum MCP23017Registers {
    /// 1 is an input; all are after a reset: §3.5.1.
    static let direction: UInt8 = 0x00
    /// Pull-ups of 100 kΩ: §3.5.7.
    static let pullUp: UInt8 = 0x0C
    /// The pins: §3.5.10.
    static let pins: UInt8 = 0x12
    /// What outputs are told: §3.5.11.
    static let latches: UInt8 = 0x14
    /// GPA7 and GPB7, which cannot be inputs: table 2-1, revision D of 2022, for all silicon.
    static let outputOnly: UInt16 = 0x8080
}
