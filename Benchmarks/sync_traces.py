#!/usr/bin/env python3
"""Writes the traces that every engine of the sync benchmark replays.

  sync_traces.py FOLDER [--seed N] [--key-prefix TEXT]

Two replicas, 0 a device and 1 a hub. Lines, with tabs between fields:
  D n          a new document          W r key type value   a write, type f i s b
  C r          a commit at replica r   I r key n            an increment
  S            an exchange both ways
a_batch, a_each: 200 keys, ten rounds of twenty changes at each side, one commit a round or one a
write. b: ten counters, 100 increments at each side between exchanges. c1, c2: 100,000 writes to as
many keys, and to 1,000. d: a day of one write a second to fifty keys while the link is down.
"""
import argparse
import os
import random

WORDS = ["ready", "off", "charging", "fault", "manual", "schedule", "v1.4.0", "north", "dry", "hold"]
KINDS = "ffffiiisbb"  # of ten keys four are decimals, three whole numbers, one a word, two flags


class Values:
    """A value that drifts from the one before, as readings do."""

    def __init__(self, rnd):
        self.rnd = rnd
        self.last = {}

    def next(self, index):
        kind = KINDS[index % len(KINDS)]
        if kind == "f":
            self.last[index] = self.last.get(index, self.rnd.uniform(0, 90)) + self.rnd.gauss(0, 0.5)
            return kind, f"{self.last[index]:.2f}"
        if kind == "i":
            start = self.rnd.randrange(100_000)
            self.last[index] = self.last.get(index, start) + self.rnd.randrange(30)
            return kind, str(self.last[index])
        if kind == "s":
            return kind, self.rnd.choice(WORDS)
        return kind, str(self.rnd.randrange(2))


def keys(count, prefix, rnd):
    parts = ["line", "pump", "door", "rack", "tank", "fan", "belt", "lamp", "cell", "gate"]
    names = [f"{prefix}{part}/{n:02d}/point" for part in parts for n in range((count + 9) // 10)]
    rnd.shuffle(names)
    return names[:count]


def rounds(documents, each, seed, prefix):
    rnd = random.Random(seed)
    for document in range(documents):
        names, values = keys(200, prefix, random.Random(seed)), Values(rnd)
        yield f"D\t{document}"
        for index, name in enumerate(names):
            yield "W\t1\t{}\t{}\t{}".format(name, *values.next(index))
        yield "C\t1"
        yield "S"
        for _ in range(10):
            for replica in (0, 1):
                for index in rnd.sample(range(200), 20):
                    yield "W\t{}\t{}\t{}\t{}".format(replica, names[index], *values.next(index))
                    if each:
                        yield f"C\t{replica}"
                if not each:
                    yield f"C\t{replica}"
            yield "S"


def counters(seed, prefix):
    rnd = random.Random(seed + 1)
    yield "D\t0"
    for _ in range(10):
        for replica in (0, 1):
            for _ in range(100):
                yield f"I\t{replica}\t{prefix}count/{rnd.randrange(10)}\t{rnd.randrange(1, 5)}"
                yield f"C\t{replica}"
        yield "S"


def many(count, seed, prefix):
    rnd = random.Random(seed + 2)
    yield "D\t0"
    for number in range(100_000):
        yield f"W\t0\t{prefix}k{number % count:06d}\ti\t{rnd.randrange(1 << 20)}"
        if number % 100 == 99:
            yield "C\t0"


def offline(seed, prefix):
    rnd = random.Random(seed + 3)
    names, values = keys(50, prefix, random.Random(seed)), Values(rnd)
    yield "D\t0"
    for index, name in enumerate(names):
        yield "W\t1\t{}\t{}\t{}".format(name, *values.next(index))
    yield "C\t1"
    yield "S"
    for second in range(86_400):
        index = second % 50 if rnd.random() < 0.5 else rnd.randrange(50)
        yield "W\t0\t{}\t{}\t{}".format(names[index], *values.next(index))
        yield "C\t0"
    for index in rnd.sample(range(50), 5):
        yield "W\t1\t{}\t{}\t{}".format(names[index], *values.next(index))
    yield "C\t1"
    yield "S"


def main():
    parser = argparse.ArgumentParser(description="Writes the traces of the sync benchmark.")
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--key-prefix", default="")
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    seed, prefix = options.seed, options.key_prefix
    traces = {
        "a_batch": rounds(100, False, seed, prefix),
        "a_each": rounds(20, True, seed, prefix),
        "b": counters(seed, prefix),
        "c1": many(100_000, seed, prefix),
        "c2": many(1_000, seed, prefix),
        "d": offline(seed, prefix),
    }
    for name, lines in traces.items():
        with open(os.path.join(options.folder, name + ".tsv"), "w") as file:
            for line in lines:
                file.write(line + "\n")


if __name__ == "__main__":
    main()
