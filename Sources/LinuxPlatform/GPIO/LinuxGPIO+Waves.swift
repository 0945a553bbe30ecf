import CGPIOD
import Glibc
public import Platform

/// Pulses made by one thread, which is there while there are any.
extension LinuxGPIO {
    struct Wave {
        let wave: GPIOWave
        /// When the line changes next, in nanoseconds of CLOCK_MONOTONIC.
        var next: UInt64
        var isActive: Bool
    }

    public func pulse(_ wave: GPIOWave, on handle: GPIOHandle) throws(GPIOError) {
        let result = state.with { state in
            Result { () throws(GPIOError) in
                guard let request = state.requests[handle] else { throw GPIOError.released }
                guard request.lineCount == 1 else { throw GPIOError.pulsesOneOutput }
                guard state.waves[handle] != nil || state.waves.count < GPIOWave.countMaximum
                else { throw GPIOError.tooManyWaves }
                // Tells whether it is an output before the thread meets one that is not.
                guard edge_gpio_set(request.descriptor, 1, 1) == 0 else {
                    throw errno == EPERM ? .pulsesOneOutput : .kernel(errno, request.path)
                }
                let now = Self.nanoseconds()
                state.waves[handle] = Wave(
                    wave: wave, next: now + UInt64(wave.activeMicroseconds) * 1000, isActive: true)
                guard state.waveBell < 0 else {
                    edge_gpio_ring(state.waveBell)
                    return
                }
                state.waveBell = edge_gpio_bell()
                guard state.waveBell >= 0 else {
                    state.waves = [:]
                    throw .kernel(errno, "eventfd")
                }
                // Not strongly: the thread must not keep alive what stops it.
                NativeThread.start("pulses") { [weak self, bell = state.waveBell] in
                    while let pause = self?.turnWaves() { edge_gpio_wait(bell, pause) }
                    Glibc.close(bell)
                }
            }
        }
        try result.get()
    }

    /// Changes the lines whose time has come. Nil once there are no pulses any more, else the
    /// nanoseconds until the next change.
    private func turnWaves() -> UInt64? {
        state.with { state in
            guard !state.waves.isEmpty else {
                state.waveBell = -1
                return nil
            }
            let now = Self.nanoseconds()
            for (handle, var wave) in state.waves where wave.next <= now {
                guard let request = state.requests[handle] else { continue }
                wave.isActive.toggle()
                // A chip that is gone shows at the next `set`.
                _ = edge_gpio_set(request.descriptor, 1, wave.isActive ? 1 : 0)
                wave.next = Self.after(wave, now)
                state.waves[handle] = wave
            }
            let next = state.waves.values.map(\.next).min() ?? now
            return next > now ? next - now : 0
        }
    }

    /// From the change before, so that the share is right over time; from now where that is long
    /// past, so that a processor that was busy is not made busier.
    private static func after(_ wave: Wave, _ now: UInt64) -> UInt64 {
        let active = wave.wave.activeMicroseconds
        let span = UInt64(wave.isActive ? active : wave.wave.periodMicroseconds - active) * 1000
        return wave.next + span > now ? wave.next + span : now + span
    }

    private static func nanoseconds() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }
}
