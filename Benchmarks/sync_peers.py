#!/usr/bin/env python3
"""Replays the traces of sync_traces.py through Yrs and Loro, by their Python bindings.

  sync_peers.py FOLDER [--rows a_batch,a_each,b,d]

Prints one JSON line a peer and row, with the field names of `edge-bench sync`. Bytes are exact.
Times include the binding, so they compare with each other only as ratios. Neither peer has a
counter type that merges here as ours does: increments are one cell a replica and counter in Yrs.
"""
import argparse
import json
import os
import statistics
import time

import loro
import pycrdt


class Yrs:
    name = "yrs (pycrdt %s)" % pycrdt.__version__

    def __init__(self, replica, document):
        self.doc = pycrdt.Doc(client_id=document * 2 + replica + 1)
        self.doc["m"] = self.map = pycrdt.Map()
        self.replica = replica
        self.sums = {}

    def write(self, writes):
        with self.doc.transaction():
            for key, value in writes:
                self.map[key] = value

    def increment(self, steps):
        for key, by in steps:
            key = f"{key}/{self.replica}"
            self.sums[key] = self.sums.get(key, 0) + by
        self.write([(f"{key}/{self.replica}", self.sums[f"{key}/{self.replica}"]) for key, _ in steps])

    def position(self):
        return self.doc.get_state()

    def delta(self, position):
        return self.doc.get_update(position)

    def join(self, data):
        self.doc.apply_update(data)

    def value(self):
        return dict(self.map.to_py())


class Loro:
    name = "loro " + loro.LORO_VERSION

    def __init__(self, replica, document):
        self.doc = loro.LoroDoc()
        self.doc.peer_id = document * 2 + replica + 1
        self.map = self.doc.get_map("m")

    def write(self, writes):
        for key, value in writes:
            self.map.insert(key, value)
        self.doc.commit()

    def increment(self, steps):
        for key, by in steps:
            # A root container's name may hold no slash.
            self.doc.get_counter(key.replace("/", ":")).increment(by)
        self.doc.commit()

    def position(self):
        return self.doc.oplog_vv

    def delta(self, position):
        return self.doc.export(loro.ExportMode.Updates(position))

    def join(self, data):
        self.doc.import_(data)

    def value(self):
        return self.doc.get_deep_value()


def parse(kind, text):
    return {"f": float, "i": int, "s": str, "b": lambda flag: flag == "1"}[kind](text)


def replay(peer, folder, row):
    sizes, encode, join, merges = [], [], [], []
    documents = converged = operations = uplink = 0
    writing = 0.0
    pair = None
    skipped = 0 if row == "b" else 1

    def close():
        return int(pair is not None and pair[0].value() == pair[1].value())

    with open(os.path.join(folder, row + ".tsv")) as file:
        for line in file:
            fields = line.rstrip("\n").split("\t")
            if fields[0] == "D":
                converged += close()
                documents += 1
                pair = [peer(0, documents), peer(1, documents)]
                writes, steps, exchanges = [[], []], [[], []], 0
                positions = [pair[1].position(), pair[0].position()]
            elif fields[0] == "W":
                writes[int(fields[1])].append((fields[2], parse(fields[3], fields[4])))
            elif fields[0] == "I":
                steps[int(fields[1])].append((fields[2], int(fields[3])))
            elif fields[0] == "C":
                replica = int(fields[1])
                start = time.process_time()
                if writes[replica]:
                    pair[replica].write(writes[replica])
                if steps[replica]:
                    pair[replica].increment(steps[replica])
                writing += time.process_time() - start
                operations += len(writes[replica]) + len(steps[replica])
                writes[replica], steps[replica] = [], []
            elif fields[0] == "S":
                frames = []
                for replica in (0, 1):
                    start = time.perf_counter()
                    frames.append(pair[replica].delta(positions[replica]))
                    encode.append(time.perf_counter() - start)
                for replica in (0, 1):
                    start = time.perf_counter()
                    pair[1 - replica].join(frames[replica])
                    took = time.perf_counter() - start
                    if exchanges >= skipped:
                        join.append(took)
                        if replica == 0:
                            merges.append(took)
                positions = [pair[1].position(), pair[0].position()]
                if exchanges >= skipped:
                    sizes += [len(frame) for frame in frames]
                    uplink = len(frames[0])
                exchanges += 1
    converged += close()
    sizes.sort()
    return {
        "peer": peer.name,
        "row": row,
        "docs": documents,
        "converged": converged,
        "delta_bytes_median": statistics.median(sizes),
        "delta_bytes_p95": sizes[min(len(sizes) - 1, len(sizes) * 95 // 100)],
        "encode_us": round(statistics.median(encode) * 1e6, 1),
        "apply_us": round(statistics.median(join) * 1e6, 1),
        "merge_ms": round(statistics.median(merges) * 1e3, 3),
        "write_us_per_op": round(writing * 1e6 / max(operations, 1), 2),
        **({"uplink_bytes": uplink} if row == "d" else {}),
    }


def main():
    parser = argparse.ArgumentParser(description="Replays sync traces through other engines.")
    parser.add_argument("folder")
    parser.add_argument("--rows", default="a_batch,a_each,b,d")
    options = parser.parse_args()
    for row in options.rows.split(","):
        for peer in (Yrs, Loro):
            print(json.dumps(replay(peer, options.folder, row)), flush=True)


if __name__ == "__main__":
    main()
