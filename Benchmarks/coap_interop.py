"""Speaks to a hub over CoAP with what nobody here wrote: aiocoap, and libcoap's coap-client.

Follows docs/coap.md and, by sync_frames.py, docs/sync-protocol.md, and nothing else.
Called by scripts/coap-interop, which starts the hub:

    coap_interop.py COAP_PORT API_URL API_TOKEN [COAP_CLIENT]

Prints one line for each thing that was shown; exit 1 with the first that does not hold.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time

import aiocoap
from aiocoap.numbers.codes import Code
from aiocoap.numbers.contentformat import ContentFormat

from sync_frames import API, Reader, check, crc32c, hello, log, log_acknowledged, opened, state

SEQUENCE = ContentFormat(63)
TEXT = ContentFormat(0)


# docs/coap.md, section 2


def head(major, argument):
    for size, code in ((1, 24), (2, 25), (4, 26), (8, 27)):
        if argument < 24:
            return bytes([major << 5 | argument])
        if argument < 1 << 8 * size:
            return bytes([major << 5 | code]) + argument.to_bytes(size, "big")
    raise ValueError(argument)


def bundle(queue, number, frames):
    items = b"".join(head(2, len(data)) + data for data in frames)
    return head(0, queue) + head(0, number) + items


def unbundle(data):
    reader = Reader(data)

    def item(major):
        byte = reader.byte()
        check(byte >> 5 == major, "a bundle has an item of another type")
        argument = byte & 31
        if argument >= 24:
            argument = int.from_bytes(reader.take(1 << argument - 24), "big")
        return argument

    queue, number, frames = item(0), item(0), []
    while reader.place < len(data):
        frames.append(reader.take(item(2)))
    return queue, number, frames


class Device:
    """One device over aiocoap."""

    def __init__(self, context, port, name):
        self.context, self.name = context, name
        self.base = f"coap://127.0.0.1:{port}/v1/"
        self.queue = self.number = 0
        self.run, self.count = int.from_bytes(os.urandom(4), "big"), 0
        self.frames = []

    async def request(self, code, leaf, payload=b"", query=(), **options):
        message = aiocoap.Message(code=code, payload=payload, **options)
        message.set_request_uri(self.base + leaf)
        message.opt.uri_query = (f"d={self.name}", *query)
        return await asyncio.wait_for(self.context.request(message).response, 30)

    def take(self, payload):
        queue, number, frames = unbundle(payload)
        if queue != self.queue:
            self.queue, self.number = queue, max(number, 1) - 1
        check(number <= self.number + 1, "frames of the hub are missing")
        for data in frames[self.number + 1 - number :]:
            self.frames.append(data)
            self.number += 1

    async def up(self, *frames):
        body = bundle(self.queue, self.number, frames)
        answer = await self.request(Code.POST, "up", body, content_format=SEQUENCE)
        check(answer.code == Code.CHANGED, f"POST /v1/up answers {answer.code}: {answer.payload}")
        self.take(answer.payload)

    async def down(self, wait):
        self.count += 1
        query = [f"a={self.queue}.{self.number}", f"n={self.run}.{self.count}"]
        answer = await self.request(Code.GET, "down", query=query + [f"w={wait}"] * (wait > 0))
        check(answer.code == Code.CONTENT, f"GET /v1/down answers {answer.code}")
        check(answer.opt.content_format == SEQUENCE, "the answer is no CBOR sequence")
        self.take(answer.payload)

    async def next(self):
        for _ in range(10):
            if self.frames:
                return self.frames.pop(0)
            await self.down(5000)
        check(False, "the hub has nothing to say")


async def device_over_aiocoap(port, api):
    context = await aiocoap.Context.create_client_context()
    device = Device(context, port, "lab-1")
    await device.down(0)
    check(device.queue > 0, "the hub names no queue")
    print("ok aiocoap: a first poll names the hub's queue")

    request, epoch = 0x0102030405060708, int.from_bytes(os.urandom(8), "big") & ~1
    await device.up(hello(request, epoch, "reported/lab/answer", 42))
    tag, hub_time = state(await device.next(), epoch, request)
    check(abs(hub_time - time.time() * 1000) < 60_000, "the hub's time is not ours")
    cells = api("/api/v1/devices/lab-1/twin?prefix=reported/")["cells"]
    check(
        [(cell["path"], cell["value"]) for cell in cells] == [("reported/lab/answer", 42)],
        f"the twin holds {cells}",
    )
    print("ok aiocoap: a greeting with a cell is answered, and the twin has it")

    wall = hub_time - 1000
    await device.up(log(tag, "telemetry", 1, 7, wall, [1, 2, 3]))
    seen = log_acknowledged(await device.next(), tag)
    check(seen == ("telemetry", 3), "rows are not acknowledged")
    texts = ["x" * 30_000, "y" * 30_000]
    await device.up(log(tag, "telemetry", 4, 7, wall, texts))
    seen = log_acknowledged(await device.next(), tag)
    check(seen == ("telemetry", 5), "blocks are not acknowledged")
    rows = api("/api/v1/devices/lab-1/log?stream=telemetry&limit=10")["rows"]
    check([row["value"] for row in rows] == [1, 2, 3, *texts], "the hub has other rows")
    print("ok aiocoap: rows are acknowledged and stored, 60 kB of them in blocks")

    poll = asyncio.ensure_future(device.next())
    await asyncio.sleep(0.5)
    check(not poll.done(), "a poll does not wait")
    value = "z" * 5000
    await asyncio.to_thread(
        api, "/api/v1/devices/lab-1/twin/desired/lab/wish", "PUT", {"value": value}
    )
    news = await asyncio.wait_for(poll, 20)
    # Who has not spoken in its session gets a hint; who has, the news itself (section 7).
    check(news[0] & 15 in (7, 10), "what comes is neither news nor a hint")
    opened(news)
    print(f"ok aiocoap: a poll that waits gets {'news' if news[0] & 15 == 7 else 'a hint'}")

    answer = await device.request(Code.DELETE, "down")
    check(answer.code == Code.DELETED, "DELETE is not answered")
    for _ in range(50):
        if not api("/api/v1/devices/lab-1")["connected"]:
            break
        await asyncio.sleep(0.1)
    check(not api("/api/v1/devices/lab-1")["connected"], "a goodbye is not heard")
    print("ok aiocoap: a goodbye ends the device's presence")

    for code, leaf, payload, options, wanted in [
        (Code.POST, "up", b"\xff", {"content_format": SEQUENCE}, Code.BAD_REQUEST),
        (Code.POST, "up", b"x", {"content_format": TEXT}, Code.UNSUPPORTED_CONTENT_FORMAT),
        (Code.PUT, "up", b"x", {}, Code.METHOD_NOT_ALLOWED),
        (Code.GET, "elsewhere", b"", {}, Code.NOT_FOUND),
    ]:
        answer = await device.request(code, leaf, payload, **options)
        check(answer.code == wanted, f"{code} {leaf} answers {answer.code}, not {wanted}")
    device.name = "../lab"
    answer = await device.request(Code.GET, "down")
    check(answer.code == Code.UNAUTHORIZED, f"a name that is none answers {answer.code}")
    device.name = "lab-1"
    huge = await device.request(Code.POST, "up", bytes(3 << 20), content_format=SEQUENCE)
    check(huge.code == Code.REQUEST_ENTITY_TOO_LARGE, f"3 MiB answer {huge.code}")
    print("ok aiocoap: what is wrong is refused with its code, 3 MiB with 4.13")
    await context.shutdown()


def device_over_coap_client(client, port, api):
    def call(method, leaf, *arguments):
        with tempfile.NamedTemporaryFile() as out:
            url = f"coap://127.0.0.1:{port}/v1/{leaf}"
            command = [client, "-m", method, "-B", "15", "-o", out.name, *arguments, url]
            result = subprocess.run(command, capture_output=True, timeout=60)
            text = (result.stdout + result.stderr).decode(errors="replace")
            check(result.returncode == 0, f"coap-client ends with {result.returncode}: {text}")
            return open(out.name, "rb").read()

    def post(data):
        with tempfile.NamedTemporaryFile() as body:
            body.write(data)
            body.flush()
            # One frame as it is, which needs no CBOR.
            return unbundle(call("post", "up?d=lab-2", "-t", "42", "-b", "1024", "-f", body.name))

    request, epoch = 5, int.from_bytes(os.urandom(8), "big") & ~1
    queue, number, frames = post(hello(request, epoch, "reported/lab/answer", 43))
    if not frames:
        queue, number, frames = unbundle(call("get", f"down?d=lab-2&a={queue}.{number - 1}&w=5000"))
    tag, hub_time = state(frames[0], epoch, request)
    print("ok coap-client: a greeting is answered")
    queue, number, frames = post(log(tag, "telemetry", 1, 7, hub_time, ["w" * 30_000]))
    acks = [data for data in frames if data[0] == 0x28]
    for _ in range(5):
        if acks:
            break
        last = number + len(frames) - 1
        queue, number, frames = unbundle(call("get", f"down?d=lab-2&a={queue}.{last}&w=2000"))
        acks = [data for data in frames if data[0] == 0x28]
    seen = log_acknowledged(acks[0], tag) if acks else None
    check(seen == ("telemetry", 1), "the row is not acknowledged")
    rows = api("/api/v1/devices/lab-2/log?stream=telemetry&limit=10")["rows"]
    check([len(row["value"]) for row in rows] == [30_000], "the hub has another row")
    print("ok coap-client: a row of 30 kB is acknowledged and stored")


def main():
    port, url, token = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    check(crc32c(b"123456789") == 0xE3069283, "the checksum here is wrong")
    api = API(url, token)
    asyncio.run(device_over_aiocoap(port, api))
    if len(sys.argv) > 4:
        device_over_coap_client(sys.argv[4], port, api)
    else:
        print("skipped: coap-client is not installed (Debian: libcoap3-bin)")


main()
