import DeviceDrivers
import Platform
import SQLiteStore
import SyncProtocol

/// Declared lines of GPIO chips: relays, switches, buttons, PWM.
extension Agent {
    /// Tells the panel, and returns whom it refuses and why.
    func declarePins(_ blocks: [DeviceBlock]) -> [(name: String, reason: String)] {
        guard world.gpio != nil else { return [] }
        var wishes: [String: Value] = [:]
        for block in blocks where !pins.knows(block.name) || block.pin?.role.isOutput == true {
            wishes[block.name] = block.pin.flatMap { appliedWish(block.name, $0.role.property) }
        }
        perform(pins.declare(blocks, wishes: wishes, at: now))
        return PinPanel.conflicts(blocks)
    }

    /// The wish that a property has because it was carried out; one that was refused must not come
    /// true later, and one that is new is carried out in its turn.
    private func appliedWish(_ device: String, _ property: String) -> Value? {
        guard let path = try? TwinPath("desired/devices/\(device)/\(property)"),
            let cell = try? store.document.register(path), let answer = cell.path.answer,
            (try? isAnswered(cell)) == true,
            (stage.staged(answer) ?? current(answer))?["status"] == .string("applied")
        else { return nil }
        return cell.value
    }

    func perform(_ directives: [PinPanel.Directive]) {
        for directive in directives {
            switch directive {
            case .request(let device, let request): take(device, request)
            case .drive(let device, let handle, let drive): self.drive(device, handle, drive)
            case .release(let handle): world.gpio?.release(handle)
            case .report(let device, let properties): report(device, properties, .event)
            case .event(let key, let fields): event(key, fields)
            case .settled(let token, let refusal): settled(token, refusal)
            }
        }
    }

    private func take(_ device: String, _ request: GPIORequest) {
        guard let gpio = world.gpio else { return }
        do throws(GPIOError) {
            let lease = try gpio.request(request)
            do throws(GPIOError) {
                let isOn = try gpio.values(of: lease.handle).first ?? false
                perform(pins.onLease(device, lease, isOn: isOn, at: now))
            } catch {
                gpio.release(lease.handle)
                throw error
            }
        } catch {
            perform(pins.onRefused(device, error.description, at: now))
        }
    }

    private func drive(_ device: String, _ handle: GPIOHandle, _ drive: PinPanel.Drive) {
        guard let gpio = world.gpio else { return }
        do throws(GPIOError) {
            switch drive {
            case .level(let isOn): try gpio.set([isOn], of: handle)
            case .pulses(let wave): try gpio.pulse(wave, on: handle)
            }
            let isOn = try gpio.values(of: handle).first ?? false
            perform(pins.onDriven(device, isOn: isOn, at: now))
        } catch {
            perform(pins.onFailed(device, error.description, at: now))
        }
    }

    /// A wish for a property of a declared line.
    func setPin(_ cell: Cell, _ device: String, _ property: String) {
        let token = declared.next()
        declared.onSent(cell, token)
        perform(pins.set(device, property, cell.value, token: token, at: now))
    }

    /// The lines take their safe values before the last commit, which tells them.
    func closePins() {
        guard let gpio = world.gpio else { return }
        gpio.close()
        perform(pins.onClose())
    }
}
