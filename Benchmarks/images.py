"""edge-agent image pull beside skopeo copy and umoci unpack (scripts/bench-images).

Makes an image of four layers whose compressed size is 50 MiB and that unpacks to about 130, of many
small files and some large ones, pushes it to a docker-registry of its own, and fetches and unpacks
it in turns. Times are of the wall clock; memory is the largest resident set of any one process.
"""

import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request

agent, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[2])
MEBIBYTE = 1 << 20
COMPRESSED = 50 * MEBIBYTE


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def words(generator, count):
    """Text that gzip takes to a bit more than a third, as programs and documents go."""
    vocabulary = ["%x" % generator.getrandbits(generator.choice([12, 20, 36])) for _ in range(4096)]
    out = bytearray()
    while len(out) < count:
        out += (" ".join(generator.choices(vocabulary, k=512)) + "\n").encode()
    return bytes(out[:count])


def layer(path, seed, size):
    """A tar of about `size` bytes: a thousand small files and a few large ones."""
    generator = random.Random(seed)
    text = words(generator, 8 * MEBIBYTE)
    source = tempfile.mkdtemp(dir=os.path.dirname(path))
    with tarfile.open(path, "w") as tar:
        done = index = 0
        while done < size:
            count = min(generator.choice([900, 4000, 20_000, 70_000, 3_000_000]), size - done)
            start = generator.randrange(len(text) - count) if count < len(text) else 0
            name = os.path.join(source, "f")
            with open(name, "wb") as file:
                file.write(text[start : start + count])
            tar.add(name, f"usr/lib/part{seed}/d{index % 40}/f{index}")
            done += count
            index += 1
    shutil.rmtree(source)


def image(work):
    """An OCI layout by umoci, whose layers it compresses itself."""
    layout = os.path.join(work, "layout")
    subprocess.run(["umoci", "init", "--layout", layout], check=True)
    subprocess.run(["umoci", "new", "--image", layout + ":bench"], check=True)
    for seed in range(4):
        path = os.path.join(work, "layer.tar")
        layer(path, seed, 32 * MEBIBYTE)
        subprocess.run(
            ["umoci", "raw", "add-layer", "--image", layout + ":bench", path], check=True
        )
        os.unlink(path)
    return layout


def high_water(process):
    """The largest resident set until now, in KiB; 0 where the process has ended."""
    try:
        with open(f"/proc/{process.pid}/status") as status:
            return next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), 0)
    except OSError:
        return 0


def measure(command):
    """Seconds and the largest resident set in KiB of a command.

    Not getrusage's: that begins with the size of the process that forked. The kernel's own mark
    only rises, so the last reading, a few milliseconds before the end, lacks little.
    """
    start = time.monotonic()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        kib = 0
        while process.poll() is None:
            kib = max(kib, high_water(process))
            time.sleep(0.005)
        seconds = time.monotonic() - start
        if process.returncode != 0:
            errors.seek(0)
            sys.exit(f"bench-images: {command[0]} failed: {errors.read().decode()}")
    return seconds, kib


def median(values):
    return round(statistics.median(values), 3)


def main():
    work = tempfile.mkdtemp()
    port = free_port()
    settings = os.path.join(work, "registry.yml")
    with open(settings, "w") as file:
        file.write(
            "version: 0.1\nlog: {level: error}\n"
            f"storage: {{filesystem: {{rootdirectory: {work}/registry}}}}\n"
            f"http: {{addr: '127.0.0.1:{port}'}}\n"
        )
    with open(os.path.join(work, "registry.log"), "w") as log:
        registry = subprocess.Popen(["docker-registry", "serve", settings], stdout=log, stderr=log)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/")
                break
            except OSError:
                time.sleep(0.05)
        run(work, f"127.0.0.1:{port}/bench:1")
    finally:
        registry.terminate()
        registry.wait()
        shutil.rmtree(work)


def run(work, reference):
    layout = image(work)
    subprocess.run(
        ["skopeo", "copy", "--quiet", "--insecure-policy", "--dest-tls-verify=false",
         f"oci:{layout}:bench", f"docker://{reference}"], check=True,
    )
    blobs = os.path.join(layout, "blobs/sha256")
    compressed = sum(os.path.getsize(os.path.join(blobs, name)) for name in os.listdir(blobs))
    ours, theirs, ours_kib, theirs_kib = [], [], [], []
    for _ in range(rounds):
        # What one of them left unwritten is not the other's to wait for.
        os.sync()
        store = os.path.join(work, "store")
        seconds, kib = measure(
            [agent, "image", "pull", reference, "--plain-http", "--store", store])
        ours.append(seconds)
        ours_kib.append(kib)
        subprocess.run(["rm", "-rf", store], check=True)

        os.sync()
        copy, bundle = os.path.join(work, "copy"), os.path.join(work, "bundle")
        first, first_kib = measure(
            ["skopeo", "copy", "--quiet", "--insecure-policy", "--src-tls-verify=false",
             f"docker://{reference}", f"oci:{copy}:bench"])
        second, second_kib = measure(["umoci", "unpack", "--image", copy + ":bench", bundle])
        theirs.append(first + second)
        theirs_kib.append(max(first_kib, second_kib))
        subprocess.run(["rm", "-rf", copy, bundle], check=True)
    for row, seconds, kib in [
        ("edge-agent", ours, ours_kib), ("skopeo+umoci", theirs, theirs_kib),
    ]:
        print(json.dumps({
            "row": row, "rounds": rounds, "image_mib": round(compressed / MEBIBYTE, 1),
            "seconds_p50": median(seconds), "seconds_max": round(max(seconds), 3),
            "peak_mib": round(max(kib) / 1024, 1)}))
    print(json.dumps({
        "row": "ratio", "time": median(o / t for o, t in zip(ours, theirs)),
        "memory": round(max(ours_kib) / max(theirs_kib), 3)}))


main()
