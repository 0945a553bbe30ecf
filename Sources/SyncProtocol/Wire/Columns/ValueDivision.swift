import Platform

/// A column of values divided by kind, on its way to the wire.
struct ValueDivision {
    private var kinds: [ValueColumn.Kind] = []
    private var ints: [Int64] = []
    private(set) var scale = 0
    private var mantissas: [Int64] = []
    private var ulps: [Int64] = []
    private(set) var bits: [Int64] = []
    private(set) var texts = TextColumn()
    private(set) var wholes: [Value] = []

    init(_ values: [Value]) {
        kinds.reserveCapacity(values.count)
        let decimals = Self.commonScale(values)
        scale = decimals ?? 0
        for value in values {
            switch value {
            case .null: kinds.append(.null)
            case .bool(let flag): kinds.append(flag ? .yes : .no)
            case .int(let number):
                kinds.append(.int)
                ints.append(number)
            case .double(let number):
                if decimals != nil, let decimal = DecimalNumber(number, scale: scale) {
                    append(decimal, .decimal)
                } else {
                    kinds.append(.double)
                    bits.append(Int64(bitPattern: number.bitPattern))
                }
            case .string(let text):
                kinds.append(.string)
                texts.append(text)
            case .bytes, .array, .map:
                kinds.append(.whole)
                wholes.append(value)
            }
        }
    }

    private static func commonScale(_ values: [Value]) -> Int? {
        var doubles: [Double] = []
        for value in values {
            guard case .double(let number) = value else { continue }
            if doubles.isEmpty { doubles.reserveCapacity(values.count) }
            doubles.append(number)
        }
        return doubles.isEmpty ? nil : DecimalNumber.commonScale(doubles)
    }

    private mutating func append(_ decimal: DecimalNumber, _ kind: ValueColumn.Kind) {
        kinds.append(kind)
        mantissas.append(decimal.mantissa)
        // The column of distances exists from the first that is not zero on.
        if ulps.isEmpty, decimal.ulps != 0 {
            ulps = [Int64](repeating: 0, count: mantissas.count - 1)
        }
        if !ulps.isEmpty || decimal.ulps != 0 { ulps.append(decimal.ulps) }
    }

    /// Integers and decimals as one series of decimals; nil where they would not read back as
    /// what they were, or where one of them is missing.
    private func joined() -> ValueDivision? {
        guard !ints.isEmpty, scale > 0 else { return nil }
        let power = DecimalNumber.integerPower(scale)
        let most = DecimalNumber.mantissaMost / power
        guard ints.allSatisfy({ -most <= $0 && $0 <= most }) else { return nil }
        var joined = self
        (joined.kinds, joined.ints, joined.mantissas, joined.ulps) = ([], [], [], [])
        joined.kinds.reserveCapacity(kinds.count)
        joined.mantissas.reserveCapacity(kinds.count)
        var (nextInt, nextDecimal) = (0, 0)
        for kind in kinds {
            switch kind {
            case .int:
                let mantissa = ints[nextInt] * power
                joined.append(DecimalNumber(mantissa: mantissa, ulps: 0), .number)
                nextInt += 1
            case .decimal:
                let mantissa = mantissas[nextDecimal]
                let ulps = ulps.isEmpty ? 0 : ulps[nextDecimal]
                guard mantissa % power != 0 || ulps != 0 else { return nil }
                joined.append(DecimalNumber(mantissa: mantissa, ulps: ulps), .number)
                nextDecimal += 1
            default: joined.kinds.append(kind)
            }
        }
        return joined
    }
}

extension ValueDivision {
    /// The columns whose length depends on how the numbers are divided.
    struct Plan {
        /// The kind of all, or nil where they differ and `kinds` says which each is.
        let commonKind: ValueColumn.Kind?
        let kinds: IntegerColumn.Plan?
        let ints: IntegerColumn.Plan?
        let mantissas: IntegerColumn.Plan?
        let ulps: IntegerColumn.Plan?

        var byteCount: Int {
            [kinds, ints, mantissas, ulps].reduce(0) { $0 + ($1?.byteCount ?? 0) }
        }
    }

    /// The shorter of both ways to write the numbers.
    func plan() -> Plan {
        let apart = ownPlan()
        guard let joined = joined()?.ownPlan(), joined.byteCount < apart.byteCount else {
            return apart
        }
        return joined
    }

    private func ownPlan() -> Plan {
        let isMixed = kinds.contains { $0 != kinds[0] }
        return Plan(
            commonKind: isMixed ? nil : kinds.first,
            kinds: isMixed ? IntegerColumn.plan(kinds.map { Int64($0.rawValue) }) : nil,
            ints: IntegerColumn.plan(ints), mantissas: IntegerColumn.plan(mantissas),
            ulps: IntegerColumn.plan(ulps))
    }
}
