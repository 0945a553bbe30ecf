import Platform

/// Sixty-four bits that stand for some bytes: FNV-1a, then the finalizer of SplitMix64, as sums of
/// plain FNV values would keep its patterns. Against damage and mistakes, not against an enemy.
struct Digest {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    /// Little endian, as on the wire.
    mutating func add(_ number: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            state = (state ^ (number >> shift & 0xFF)) &* 0x100_0000_01B3
        }
    }

    var value: UInt64 {
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

extension Cell {
    /// What a root is the sum of. Kind and slot follow from what is in it.
    var digest: UInt64 {
        var digest = pathDigest
        digest.add(dot.epoch.nonce)
        digest.add(dot.counter)
        digest.add(stamp)
        digest.add(ValueCodec.encode(value))
        return digest.value
    }

    /// Which range the cell is in: the same for all that ever lies in its slot.
    var place: UInt64 {
        var digest = pathDigest
        switch slot {
        case .register: break
        case .epoch(let epoch): digest.add(epoch.nonce)
        case .element(let value, let epoch):
            digest.add(epoch.nonce)
            digest.add(ValueCodec.encode(value))
        }
        return digest.value
    }

    /// A path has no zero byte: here it ends.
    private var pathDigest: Digest {
        var digest = Digest()
        digest.add(path.text.utf8)
        digest.add(CollectionOfOne(0))
        return digest
    }
}

extension CausalContext {
    /// The same at two replicas that have seen the same.
    public var digest: UInt64 {
        #if EDGE_MUTANTS
            if SyncMutant.active == .contextsNotCompared { return 0 }
        #endif
        return counters.reduce(into: 0) { sum, entry in
            guard entry.value > 0 else { return }
            var digest = Digest()
            digest.add(entry.key.nonce)
            digest.add(entry.value)
            sum &+= digest.value
        }
    }
}
