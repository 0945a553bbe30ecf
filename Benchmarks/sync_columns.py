"""Values, columns and deltas as they are read, by docs/sync-protocol.md, sections 3 to 5."""

import struct

from sync_frames import MASK, check


def signed(number):
    """Sums wrap at 64 bits."""
    number &= MASK
    return number - (1 << 64) if number >> 63 else number


class Bits:
    """Bits fill bytes from the lowest up."""

    def __init__(self, reader):
        self.reader, self.kept, self.count = reader, 0, 0

    def take(self, width):
        while self.count < width:
            self.kept |= self.reader.byte() << self.count
            self.count += 8
        number = self.kept & ((1 << width) - 1)
        self.kept >>= width
        self.count -= width
        return number


def rice(bits, low):
    quotient = 0
    while quotient < 15 and bits.take(1):
        quotient += 1
    if quotient == 15:
        number = bits.take(bits.take(6) + 1)
    else:
        number = quotient << low | bits.take(low)
    return number >> 1 ^ -(number & 1)


def integers(reader, count):
    if count == 0:
        return []
    code = reader.byte()
    check(code < 9 or 16 <= code < 232, f"a column of the hub has the code {code}")
    if code < 9:
        order = code % 3
    else:
        order = (code - 16) // 32 if code < 112 else (code - 112) // 40
    row = [reader.zigzag() for _ in range(min(order, count))]
    rest = count - order
    if rest > 0 and code < 3:
        row += [reader.zigzag()] * rest
    elif rest > 0 and code < 6:
        row += [reader.zigzag() for _ in range(rest)]
    elif rest > 0 and code < 9:
        while len(row) < count:
            run = reader.varint() + 1
            row += [reader.zigzag()] * run
        check(len(row) == count, "a run is too long")
    elif rest > 0 and code < 112:
        bits = Bits(reader)
        row += [rice(bits, (code - 16) % 32) for _ in range(rest)]
    elif rest > 0:
        index = (code - 112) % 40
        width = index + 1 if index < 32 else 36 + 4 * (index - 32)
        least, bits = reader.zigzag(), Bits(reader)
        row += [least + bits.take(width) for _ in range(rest)]
    for start in range(order, 0, -1):
        for place in range(start, count):
            row[place] += row[place - 1]
    return [signed(number) for number in row]


def text(reader):
    return reader.take(reader.varint()).decode()


def whole(reader, words):
    """A value by itself; `words` are the numbered texts of its frame."""
    tag = reader.byte()
    if tag < 3:
        return [None, False, True][tag]
    if tag == 3:
        return reader.zigzag()
    if tag == 4:
        return struct.unpack("<d", reader.take(8))[0]
    if tag == 5:
        return text(reader)
    if tag == 6:
        return reader.take(reader.varint())
    if tag == 7:
        return [whole(reader, words) for _ in range(reader.varint())]
    check(tag == 8, f"a value has the tag {tag}")
    pairs = {}
    for _ in range(reader.varint()):
        number = reader.varint()
        if number == 0:
            word = text(reader)
            words.append(word)
        else:
            word = words[number - 1]
        pairs[word] = whole(reader, words)
    return pairs


def values(reader, count, words):
    if count == 0:
        return []
    kind = reader.byte()
    kinds = integers(reader, count) if kind == 15 else [kind] * count
    parts = {0: integers(reader, kinds.count(0))}
    numbers = kinds.count(1) + kinds.count(8)
    if numbers:
        scale = reader.byte()
        mantissas = integers(reader, numbers)
        distances = integers(reader, numbers) if scale & 16 else [0] * numbers
        decimals = []
        for mantissa, distance in zip(mantissas, distances):
            bits = struct.unpack("<q", struct.pack("<d", mantissa / 10.0 ** (scale & 15)))[0]
            decimals.append(struct.unpack("<d", struct.pack("<q", bits + distance))[0])
        parts[1] = decimals
    if 7 in kinds:
        shift = reader.byte()
        parts[7] = [
            struct.unpack("<d", struct.pack("<Q", number << shift & MASK))[0]
            for number in integers(reader, kinds.count(7))
        ]
    if 2 in kinds:
        texts, places = [], integers(reader, kinds.count(2))
        for place in places:
            if place == len(texts):
                texts.append(text(reader))
        parts[2] = [texts[place] for place in places]
    parts[6] = [whole(reader, words) for _ in range(kinds.count(6))]
    taken = {kind: iter(part) for kind, part in parts.items()}
    constants = {3: False, 4: True, 5: None}
    row = []
    for kind in kinds:
        if kind in constants:
            row.append(constants[kind])
        else:
            row.append(next(taken[1 if kind == 8 else kind]))
    return row


class Names:
    """The paths of one session: the sender's own n is n, the receiver's −1 − n."""

    def __init__(self, own):
        self.paths = dict(enumerate(own))

    def spell(self, reader):
        before = b""
        for _ in range(reader.varint()):
            number = reader.varint()
            shared = reader.varint()
            before = before[:shared] + reader.take(reader.varint())
            self.paths[number] = before.decode()

    def __getitem__(self, number):
        check(number in self.paths, f"the name {number} was not spelled")
        return self.paths[number]


def epoch(reader, known, spelled):
    """Of the two of the session, one that was spelled, or a new one."""
    number = reader.varint()
    if number < 2:
        return known[number]
    if number == 2:
        spelled.append(reader.u64())
        return spelled[-1]
    return spelled[number - 3]


def context(reader, known, spelled):
    return {
        epoch(reader, known, spelled): reader.varint() for _ in range(reader.varint())
    }


def deltas(reader, known, spelled, hubs, ours):
    """The cells (path, epoch, counter, value) of an answer, and how far it goes in each epoch.

    `hubs` are the names that the hub has spelled in this session, `ours` a list of what we spelled.
    """
    cells, upto, words = [], {}, []
    for _ in range(reader.varint()):
        flags = reader.byte()
        of = epoch(reader, known, spelled)
        since = reader.varint()
        upto[of] = since + reader.varint()
        count = reader.varint()
        if flags & 2:
            hubs.spell(reader)
        names = integers(reader, count)
        paths = [hubs[name] if name >= 0 else ours[-1 - name] for name in names]
        places = integers(reader, count)
        clocked = sum(path.startswith(("desired/", "config/")) for path in paths)
        form = flags >> 2 & 3
        check((form == 0) == (clocked == 0), "a delta has stamps and no cell for them")
        if form == 1:
            reader.zigzag(), reader.varint()
        elif form:
            if form == 3:
                reader.zigzag()
            integers(reader, clocked), integers(reader, clocked)
        if flags & 16:
            integers(reader, count - clocked)
        row = values(reader, count, words)
        cells += [
            (path, of, since + place, value) for path, place, value in zip(paths, places, row)
        ]
        check(not flags & 1, "a device that has no notes is told of removals")
    return cells, upto
