"""A device on paho-mqtt, which nobody here wrote: enrolled by openssl, over mutual TLS, by
docs/sync-protocol.md and nothing else.

    paho_device.py MQTT_PORT IDENTITY OTHER_IDENTITY API_URL API_TOKEN FLEET [--mutant crc|replica|topic]

An IDENTITY is a folder named as the device, with ca.crt, device.crt and device.key. FLEET is the
program. Called by scripts/paho-interop. Prints one line for each thing that was shown; exit 1 with
the first that does not hold. A mutant breaks one rule from the beginning and has to end so.
"""

import argparse
import json
import os
import queue
import ssl
import struct
import subprocess
import time

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

import sync_columns
from sync_frames import (
    API, blob, check, constant, crc32c, frame, hello, log, log_acknowledged, opened, session,
    varint, zigzag,
)


def topic(device, leaf):
    """Section 11."""
    number = 2166136261
    for byte in device.encode():
        number = (number ^ byte) * 16777619 & 0xFFFFFFFF
    return f"fleet/v1/{number & 255:02x}/{device}/{leaf}"


class Context(ssl.SSLContext):
    """The broker is known by the name `fleet-hub`, whatever was dialled."""

    def wrap_socket(self, sock, **options):
        return super().wrap_socket(sock, **{**options, "server_hostname": "fleet-hub"})


class Link:
    """One connection of a device."""

    def __init__(self, port, identity):
        self.port, self.identity = port, identity
        self.name = os.path.basename(identity)
        self.arrived, self.answers = queue.Queue(), queue.Queue()
        tls = Context(ssl.PROTOCOL_TLS_CLIENT)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        tls.load_verify_locations(f"{identity}/ca.crt")
        tls.load_cert_chain(f"{identity}/device.crt", f"{identity}/device.key")
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=self.name, protocol=mqtt.MQTTv5
        )
        self.client.tls_set_context(tls)
        self.client.will_set(topic(self.name, "status"), "offline", qos=1, retain=True)
        self.client.on_connect = lambda client, *_: client.subscribe(topic(self.name, "down"), 1)
        self.client.on_subscribe = lambda *_: self.arrived.put(None)
        self.client.on_message = lambda _, __, message: self.arrived.put(message.payload)
        self.client.on_publish = lambda _, __, number, reason, ___: self.answers.put(
            (number, reason.value)
        )
        self.client.connect("127.0.0.1", port, keepalive=60, clean_start=True)
        self.client.loop_start()
        check(self.take() is None, "the broker does not let us subscribe")
        self.publish(topic(self.name, "status"), b"online", retain=True)

    def take(self, seconds=20):
        try:
            return self.arrived.get(timeout=seconds)
        except queue.Empty:
            check(False, "the hub has nothing to say")

    def publish(self, where, data, retain=False):
        number = self.client.publish(where, data, qos=1, retain=retain).mid
        told, reason = self.answers.get(timeout=20)
        check(told == number, "the broker acknowledges another message")
        return reason

    def send(self, data):
        reason = self.publish(topic(self.name, "up"), data)
        check(reason in (0, 16), f"the broker answers our up with {reason}")

    def close(self):
        self.publish(topic(self.name, "status"), b"offline", retain=True)
        self.client.disconnect()
        self.client.loop_stop()


def word_map(pairs):
    """A value of its own: a map of texts and integers, keys ascending."""
    out = b"\x08" + varint(len(pairs))
    for key in sorted(pairs, key=str.encode):
        out += b"\x00" + blob(key.encode())
        value = pairs[key]
        out += b"\x03" + zigzag(value) if isinstance(value, int) else b"\x05" + blob(value.encode())
    return out


class Device:
    """One session: what was asked, what is confirmed, what was joined."""

    def __init__(self, link, epoch):
        self.link, self.epoch = link, epoch
        self.ours, self.counter, self.question = [], 0, 0
        self.wishes = {}

    def greet(self, path, number):
        self.request = int.from_bytes(os.urandom(8), "big")
        self.link.send(hello(self.request, self.epoch, path, number))
        self.counter = 1
        reader = opened(self.link.take())
        if reader.byte() == 0x2B:
            reader.byte()
            check(False, "refused: " + sync_columns.text(reader))
        reader.place = 0
        check(reader.byte() == 0x25 and reader.byte() == 0, "the answer to a greeting is no state")
        check(reader.u64() == self.request, "the state answers another greeting")
        self.hub = reader.u64()
        commit, self.hub_time = reader.varint(), reader.zigzag()
        flags = reader.byte()
        check(flags & 1, "the state of an empty device has several parts")
        self.tag = session(self.epoch, self.hub, self.request, self.hub_time, commit)
        known, spelled = [self.hub, self.epoch], []
        self.joined = sync_columns.context(reader, known, spelled)
        check(self.joined.pop(self.epoch, 0) == 1, "the hub has not joined our cell")
        # state begins the names of the session; those of hello were hello's own.
        self.names = sync_columns.Names([])
        self.keep(sync_columns.deltas(reader, known, spelled, self.names, self.ours))

    def keep(self, part):
        cells, upto = part
        for path, epoch, counter, value in cells:
            self.wishes[path] = (epoch, counter, value)
        self.joined.update(upto)

    def up(self, path, stamp, column):
        """A question with one cell more, whose value is a column of one."""
        self.question += 1
        joined = varint(len(self.joined))
        for epoch in sorted(self.joined):
            joined += b"\x01" if epoch == self.hub else b"\x02" + struct.pack("<Q", epoch)
            joined += varint(self.joined[epoch])
        number = len(self.ours)
        self.ours.append(path)
        delta = b"\x12\x00" + varint(self.counter) + varint(1) + varint(1)
        delta += varint(1) + varint(number) + varint(0) + blob(path.encode())
        delta += constant(number) + constant(1) + constant(stamp) + column
        self.counter += 1
        flags = 1 | 4
        return frame(
            b"\x23" + struct.pack("<I", self.tag) + bytes([flags, self.question]) + joined
            + varint(1) + delta
        )

    def down(self, data):
        """Reads an answer or news; true where it answers the open question."""
        reader = opened(data)
        check(reader.byte() == 0x27, "what comes is no down")
        check(struct.unpack("<I", reader.take(4))[0] == self.tag, "the down is of another session")
        flags = reader.byte()
        # One for a question that is not open confirms nothing.
        is_ours = bool(flags & 2) and reader.byte() == self.question & 255
        reader.zigzag()
        known, spelled = [self.hub, self.epoch], []
        if flags & 4:
            seen = reader.varint()
            check(not is_ours or seen == self.counter, "the hub has not joined our cells")
        elif flags & 8:
            seen = sync_columns.context(reader, known, spelled)
            check(
                not is_ours or seen.get(self.epoch) == self.counter,
                "the hub has not joined our cells",
            )
        if flags & 16:
            self.keep(sync_columns.deltas(reader, known, spelled, self.names, self.ours))
        return is_ours

    def ask(self, data):
        self.link.send(data)
        while not self.down(self.link.take()):
            pass


class Fleet:
    """The command line, as a person sees it."""

    def __init__(self, program):
        self.program = program

    def __call__(self, *arguments):
        command = [self.program, *arguments, "--json"]
        return subprocess.run(command, capture_output=True, timeout=30, text=True).stdout

    def cells(self, device):
        return {
            cell["path"]: cell for cell in json.loads(self("twin", "get", device)).get("cells", [])
        }

    def await_event(self, text):
        for _ in range(50):
            if text in self("events"):
                return
            time.sleep(0.1)
        check(False, f"no event says: {text}")


def refusal(data):
    reader = opened(data)
    check(reader.byte() == 0x2B and reader.byte() == 0, "the answer is no refusal")
    return sync_columns.text(reader)


def damaged(data):
    return data[:-1] + bytes([data[-1] ^ 1])


def follow_the_rules(link, other, epoch, api, fleet):
    name, path = link.name, "reported/lab/answer"
    device = Device(link, epoch)
    device.greet(path, 42)
    check(abs(device.hub_time - time.time() * 1000) < 60_000, "the hub's time is not ours")
    check(fleet.cells(name)[path]["value"] == 42, "fleet shows another value")
    print("ok paho: greets with a reported cell, and fleet shows it")

    rows = log(device.tag, "telemetry", 1, 7, device.hub_time - 1000, [1, 2, 3])
    link.send(rows)
    seen = log_acknowledged(link.take(), device.tag)
    check(seen == ("telemetry", 3), "rows are not acknowledged")
    shown = fleet("log", name, "telemetry")
    check([row for row in (1, 2, 3) if f'"value":{row}' in shown] == [1, 2, 3], f"rows: {shown}")
    print("ok paho: rows of the log are acknowledged, and fleet shows them")

    question = device.up("reported/lab/texts", 1, b"\x02" + constant(0) + blob(b"first"))
    device.ask(question)
    check(fleet.cells(name)["reported/lab/texts"]["value"] == "first", "the second cell is not there")
    wish = {"level": 3, "mode": "eco"}
    api(f"/api/v1/devices/{name}/twin/desired/lab/mode", "PUT", {"value": wish})
    check(fleet.cells(name)["desired/lab/mode"]["status"] == "pending", "nobody has answered yet")
    while "desired/lab/mode" not in device.wishes:
        check(not device.down(link.take()), "the hub answers what nobody asked")
    author, counter, value = device.wishes["desired/lab/mode"]
    check(value == wish, f"the wish is {value}")
    answer = {"epoch": f"{author:016x}", "counter": counter, "status": "applied"}
    device.ask(device.up("reported/desired/lab/mode", 1, b"\x06" + word_map(answer)))
    cell = fleet.cells(name)["desired/lab/mode"]
    check(cell["status"] == "applied", f"the wish stands as {cell}")
    print("ok paho: a desired value comes as news, is answered, and fleet shows it applied")

    def state():
        twin = json.dumps(fleet.cells(name), sort_keys=True)
        return twin, fleet("log", name), api(f"/api/v1/devices/{name}/log/cursors")

    before = state()
    link.send(rows)
    seen = log_acknowledged(link.take(), device.tag)
    check(seen == ("telemetry", 3), "repeated rows are not acknowledged as the first were")
    link.send(question)
    # Whatever answers it is of the first question, and the next question still works.
    device.ask(device.up("reported/lab/last", 1, b"\x00" + constant(7)))
    after = state()
    check(json.loads(after[0]).pop("reported/lab/last")["value"] == 7, "the next question is lost")
    kept = json.loads(after[0])
    kept.pop("reported/lab/last")
    check(kept == json.loads(before[0]), "a repeated question changes the twin")
    check(after[1:] == before[1:], "repeated rows change the log")
    print("ok paho: repeated frames change nothing")

    last = log(device.tag, "telemetry", 4, 7, device.hub_time, [4])
    link.send(damaged(last))
    fleet.await_event("checksum does not match")
    check(fleet("log", name, "telemetry") == before[1], "damaged rows are stored")
    link.send(last)
    check(log_acknowledged(link.take(), device.tag) == ("telemetry", 4), "the row is not taken")
    print("ok paho: a damaged frame is refused by its checksum, and the same one whole is taken")

    link.send(device.up("reported/board/../x\x07", 1, b"\x00" + constant(1)))
    fleet.await_event("unreadable frame")
    device.counter -= 1
    print("ok paho: a path that is none is refused")

    for leaf in ("up", "status", "down"):
        reason = link.publish(topic(other.name, leaf), b"x")
        check(reason == 135, f"another device's {leaf} is answered with {reason}")
    stranger = Device(other, device.epoch)
    other.send(hello(1, stranger.epoch, path, 1))
    reason = refusal(other.take())
    check(name in reason or "another device" in reason or "replica" in reason, reason)
    check(path not in fleet.cells(other.name), "another's replica wrote")
    print(f"ok paho: another device's topics and replica are refused ({reason})")

    link.close()
    again = Link(link.port, link.identity)
    device.link = again
    device.ask(device.up("reported/lab/back", 1, b"\x04"))
    check(fleet.cells(name)["reported/lab/back"]["value"] is True, "the session is gone")
    print("ok paho: a session outlives its connection")
    again.close()


def main():
    parser = argparse.ArgumentParser()
    for argument in ("port", "identity", "other", "url", "token", "fleet"):
        parser.add_argument(argument)
    parser.add_argument("--mutant", choices=("crc", "replica", "topic"))
    given = parser.parse_args()
    check(crc32c(b"123456789") == 0xE3069283, "the checksum here is wrong")
    os.environ["FLEET_URL"], os.environ["FLEET_TOKEN"] = given.url, given.token
    link = Link(int(given.port), given.identity)
    other = Link(int(given.port), given.other)
    api, fleet = API(given.url, given.token), Fleet(given.fleet)
    # Lowest bit 0: a device's.
    epoch = int.from_bytes(os.urandom(8), "big") & ~1
    if given.mutant == "crc":
        send = link.send
        link.send = lambda data: send(damaged(data))
    elif given.mutant == "topic":
        link.name = other.name
    elif given.mutant == "replica":
        # The other one greets with this epoch first.
        Device(other, epoch).greet("reported/lab/answer", 1)
    follow_the_rules(link, other, epoch, api, fleet)
    other.close()


main()
