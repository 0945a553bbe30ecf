"""Frames as a device writes and reads them, by docs/sync-protocol.md and nothing else.

No code is shared with the programs under test. `coap_interop.py` and `paho_device.py` are devices
made of it.
"""

import json
import struct
import sys
import urllib.error
import urllib.request

MASK = (1 << 64) - 1


def check(holds, what):
    if not holds:
        print("FAIL " + what, flush=True)
        sys.exit(1)


# docs/sync-protocol.md, section 3


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def zigzag(number):
    return varint((number << 1) ^ (number >> 63) & MASK if number < 0 else number << 1)


def blob(data):
    return varint(len(data)) + data


def constant(number):
    """An integer column whose numbers are all this one."""
    return b"\x00" + zigzag(number)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def frame(body):
    return body + struct.pack("<I", crc32c(body))


class Reader:
    def __init__(self, data):
        self.data, self.place = data, 0

    def take(self, count):
        check(self.place + count <= len(self.data), "a frame of the hub ends early")
        self.place += count
        return self.data[self.place - count : self.place]

    def byte(self):
        return self.take(1)[0]

    def u64(self):
        return struct.unpack("<Q", self.take(8))[0]

    def varint(self):
        number, shift = 0, 0
        while True:
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    def zigzag(self):
        number = self.varint()
        return number >> 1 ^ -(number & 1)


def opened(data):
    check(crc32c(data[:-4]) == struct.unpack("<I", data[-4:])[0], "a frame's checksum is wrong")
    return Reader(data[:-4])


# Section 4


def hello(request, epoch, path, number):
    """Greets, with one cell of the device."""
    delta = b"\x12\x00" + varint(0) + varint(1) + varint(1)
    delta += varint(1) + varint(0) + varint(0) + blob(path.encode())
    delta += constant(0) + constant(1) + constant(1)
    delta += b"\x00" + constant(number)
    return frame(
        b"\x21\x00" + struct.pack("<QQ", request, epoch) + b"\x00\x00" + varint(1) + delta
    )


def session(device, hub, request, hub_time, commit):
    swapped = int.from_bytes(hub.to_bytes(8, "little"), "big")
    m = (device * 0x9E3779B97F4A7C15 & MASK) ^ swapped
    m = ((m ^ m >> 31) ^ request) * 0xBF58476D1CE4E5B9 & MASK
    m ^= hub_time * 0x94D049BB133111EB & MASK
    m = ((m ^ m >> 29) ^ commit) * 0xD6E8FEB86659FD93 & MASK
    return (m ^ m >> 32) & 0xFFFFFFFF


def state(data, device, request):
    """The tag of the session that a state opens, the hub's time and how much it has of us."""
    reader = opened(data)
    check(reader.byte() == 0x25, "the answer to a greeting is no state")
    check(reader.byte() == 0, "the state is of another document")
    check(reader.u64() == request, "the state answers another greeting")
    hub, commit, hub_time = reader.u64(), reader.varint(), reader.zigzag()
    return session(device, hub, request, hub_time, commit), hub_time


def log(tag, stream, first, boot, wall, values):
    """Rows with integers or texts, section 6, uncompressed."""
    body = b"\x24" + struct.pack("<I", tag) + b"\x00" + blob(stream.encode()) + b"\x00"
    body += varint(first) + varint(len(values)) + varint(0)
    body += varint(1) + struct.pack("<Q", boot)
    body += varint(1) + varint(0) + zigzag(wall) + b"\x02"
    body += constant(1000) + constant(0) + varint(0) + varint(0) + b"\x02"
    body += varint(0) + varint(0) + varint(0) + blob(b"interop") + varint(0)
    if isinstance(values[0], int):
        body += b"\x00\x03" + b"".join(map(zigzag, values))
    else:
        # Each text where the indices first reach it: 0, 1, 2 …
        body += b"\x02\x03" + b"".join(zigzag(place) for place in range(len(values)))
        body += b"".join(blob(value.encode()) for value in values)
    return frame(body)


def log_acknowledged(data, tag):
    reader = opened(data)
    check(reader.byte() == 0x28, "the answer to rows is no log-ack")
    check(struct.unpack("<I", reader.take(4))[0] == tag, "the log-ack is of another session")
    stream = reader.take(reader.varint()).decode()
    check(reader.byte() == 1, "the log-ack is of another epoch")
    return stream, reader.varint()


# The hub's own face


class API:
    def __init__(self, url, token):
        self.url, self.token = url, token

    def __call__(self, path, method="GET", body=None):
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", "Bearer " + self.token)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
