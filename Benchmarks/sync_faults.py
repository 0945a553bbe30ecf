#!/usr/bin/env python3
"""The fault matrix of the sync engine: what fleets do to replicas, through `edge-bench script`.

  sync_faults.py [--bench PATH] [--only NAME,...] [--mutant NAME] [--write FOLDER]

Each fault is a script of writes, syncs and the fault (docs/sync-script.md), once on a device's own
document and once on one that two devices share. What must come out is worked out here, from the
writes and what each had seen, without any protocol: a set of writes a disk, joined by each sync.

One JSON line a fault. `writes` is all that the script wrote, `gone` those that were on no disk any
more when the last one that held them was lost. `lost` are writes that some disk held to the end and
that are missing in what a replica shows, `returned` what shows though it was overwritten or
removed. `events` has the kinds that any replica raised: all of `expected_events`, and no kind
that the fault does not explain. `failed` names further checks that did not hold. The last line
sums up; the exit code is 0 where all is ok.

A mutant falsifies the expectation, or leaves a sync out, and must end with 1:
  drop-sync      the engine is not given the last syncs of one board
  last-arrival   registers are expected to hold what reached the hub last
  resurrect      removals are expected to be forgotten
  no-events      no fault is expected to be noticed
"""
import argparse
import copy
import json
import os
import subprocess
import sys

START = 1_767_225_600_000
YEAR_2099 = 4_070_908_800_000
DRIFT = 60_000
CLOCKED = ("config", "desired")
REGISTERS = CLOCKED + ("reported",)
MUTANTS = ("drop-sync", "last-arrival", "resurrect", "no-events")


def kind(key):
    return key.split("/", 1)[0]


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


# What must come out


class Write:
    def __init__(self, number, key, verb, value, seen, generation, device, epoch):
        self.number, self.key, self.verb, self.value = number, key, verb, value
        self.seen = seen  # the writes at this key that were there, as far as this one replaces them
        self.generation, self.device, self.epoch = generation, device, epoch


class Disk:
    """What is on a card: for each document its writes with their stamps, and rows of logs."""

    def __init__(self):
        self.documents, self.clock, self.logs = {}, 0, {}

    def document(self, name):
        return self.documents.setdefault(name, {})


class Oracle:
    """Carries a script out on sets of writes."""

    def __init__(self, lines, mutant):
        names = {line["at"] for line in lines if line["do"] == "new"}
        names |= {line["as"] for line in lines if line["do"] == "clone"}
        self.rank = {name: place for place, name in enumerate(sorted(names, key=str.encode))}
        self.mutant = mutant
        self.role, self.key, self.disk, self.wall, self.openings = {}, {}, {}, {}, {}
        self.writes, self.arrival, self.backups, self.frames, self.damage = [], {}, {}, {}, {}
        self.lowered = set()  # (document, key) where the hub may have put another stamp
        self.damaged = 0  # frames that were delivered other than they were sent
        for line in lines:
            getattr(self, "on_" + line["do"], self.on_write)(line)

    # What a user sees

    def at(self, held, key):
        return [self.writes[n] for n in held if self.writes[n].key == key]

    def latest(self, held, key):
        """Writes that no other one has seen."""
        writes = self.at(held, key)
        seen = {n for write in writes for n in write.seen}
        return [write for write in writes if write.number not in seen]

    def winner(self, held, key):
        return max(
            self.latest(held, key), key=lambda w: (held[w.number], w.epoch, w.number), default=None
        )

    def generation(self, held, key):
        return max((write.generation for write in self.at(held, key)), default=0)

    def shown(self, held, key):
        writes = self.at(held, key)
        if kind(key) in REGISTERS:
            if self.mutant == "last-arrival":
                return max(writes, key=lambda w: self.arrival.get(w.number, 0)).value
            return self.winner(held, key).value
        if kind(key) == "counters":
            last = self.generation(held, key)
            steps = [w.value for w in writes if w.verb == "inc" and w.generation == last]
            return sum(steps) if steps else None
        gone = {n for write in writes for n in write.seen}
        if self.mutant == "resurrect":
            gone = set()
        live = {canonical(w.value): w.value for w in writes
                if w.verb in ("set", "add") and w.number not in gone}
        return [live[text] for text in sorted(live, key=str.encode)] or None

    def view(self, at, document):
        held = self.disk[at].document(document)
        shown = {key: self.shown(held, key) for key in {self.writes[n].key for n in held}}
        return {key: value for key, value in shown.items() if value is not None}

    def rows(self, hub, device):
        """For each stream of a device: rows at the hub, of all its openings."""
        count = {}
        for (stream, owner, *_), (_, rows) in self.disk[hub].logs.items():
            if owner == device:
                count[stream] = count.get(stream, 0) + rows
        return count

    def gone(self):
        held = {n for disk in self.disk.values() for d in disk.documents.values() for n in d}
        return len(self.writes) - len(held)

    # Lines

    def document(self, line, at):
        if "document" in line:
            return "shared " + line["document"]
        return "of " + (self.key[at] if self.role[at] == "device" else line["device"])

    def pair(self, line):
        one, other = line["from"], line["to"]
        return (one, other) if self.role[one] == "device" else (other, one)

    def on_new(self, line, at=None, original=None):
        at = at or line["at"]
        self.role[at] = self.role[original] if original else line["role"]
        self.key[at] = self.key[original] if original else at
        self.wall[at] = self.wall[original] if original else START
        self.disk[at] = copy.deepcopy(self.disk[original]) if original else Disk()
        self.openings[at] = 1

    def on_clone(self, line):
        self.on_new(line, line["as"], line["at"])

    def on_clock(self, line):
        self.wall[line["at"]] = line["ms"]

    def on_crash(self, line):
        self.openings[line["at"]] += 1

    def on_backup(self, line):
        self.backups[line["as"]] = copy.deepcopy(self.disk[line["at"]])

    def on_restore(self, line):
        self.disk[line["at"]] = copy.deepcopy(self.backups[line["from"]])
        self.openings[line["at"]] += 1

    def on_wipe(self, line):
        self.disk[line["at"]] = Disk()
        self.openings[line["at"]] += 1

    def on_log(self, line):
        at = line["at"]
        rows = (line["key"], self.key[at], at, self.openings[at])
        written, acknowledged = self.disk[at].logs.get(rows, (0, 0))
        self.disk[at].logs[rows] = (written + 1, acknowledged)

    def on_write(self, line):
        at, key, verb = line["at"], line["key"], line["do"]
        disk, place = self.disk[at], kind(line["key"])
        held = disk.document(self.document(line, at))
        value = line.get("by" if verb == "inc" else "value")
        there, generation, stamp = self.at(held, key), 0, 0
        if place == "sets" and verb != "delete":
            there = [w for w in there if w.verb == "add" and canonical(w.value) == canonical(value)]
        elif place == "counters":
            generation = self.generation(held, key)
            if verb == "delete":
                if self.shown(held, key) is None:
                    return
                generation += 1
            there = []
        elif place in REGISTERS:
            verb = "set"
            last = self.winner(held, key)
            before = held[last.number] if last else -1
            if place == "reported":
                if canonical(value) == canonical(last.value if last else None):
                    return
                stamp = before + 1
            else:
                disk.clock = max(disk.clock, max(self.wall[at], 0) << 16)
                stamp = max(disk.clock >> 16 << 16, before + 1)
        number = len(self.writes)
        verb = "set" if verb == "put" else verb
        self.writes.append(Write(
            number, key, verb, value, {w.number for w in there}, generation, self.key[at],
            (self.rank[at], self.openings[at])))
        held[number] = stamp
        if self.role[at] == "hub":
            self.arrival[number] = len(self.arrival) + 1

    def arrive(self, hub, document, held):
        """Writes of a device come to the hub, which lowers stamps from the future."""
        disk = self.disk[hub]
        here = disk.document(document)
        for number in sorted(set(held) - set(here)):
            key, stamp = self.writes[number].key, held[number]
            if kind(key) in CLOCKED and self.winner(held, key).number == number:
                if stamp >> 16 > self.wall[hub] + DRIFT:
                    self.lowered.add((document, key))
                    disk.clock = max(disk.clock, max(self.wall[hub], 0) << 16)
                    last = self.winner(here, key)
                    after = here[last.number] + 1 if last else 0
                    stamp = min(stamp, max(disk.clock >> 16 << 16, after))
                else:
                    disk.clock = max(disk.clock, stamp)
            here[number] = stamp
            self.arrival[number] = len(self.arrival) + 1

    def take(self, device, document, held):
        """Writes of the hub come to a device, which believes its stamps."""
        disk = self.disk[device]
        here = disk.document(document)
        news = {n: stamp for n, stamp in held.items() if here.get(n) != stamp}
        for number, stamp in news.items():
            if stamp < here.get(number, 0):
                disk.clock = min(disk.clock, stamp)
        for number, stamp in news.items():
            if kind(self.writes[number].key) in CLOCKED:
                disk.clock = max(disk.clock, stamp)
        here.update(news)

    def on_sync(self, line):
        device, hub = self.pair(line)
        document = self.document(line, device)
        self.arrive(hub, document, self.disk[device].document(document))
        self.take(device, document, self.disk[hub].document(document))
        if "document" in line:
            return
        for rows, (written, acknowledged) in self.disk[device].logs.items():
            upto, count = self.disk[hub].logs.get(rows, (0, 0))
            # Rows that the hub had acknowledged are no longer at the device.
            count += max(0, written - max(upto, acknowledged))
            self.disk[hub].logs[rows] = (max(upto, written), count)
            self.disk[device].logs[rows] = (written, max(acknowledged, written))

    def on_send(self, line):
        device, hub = self.pair(line)
        document = self.document(line, device)
        held = dict(self.disk[line["from"]].document(document))
        if line["from"] == device:
            held = {n: s for n, s in held.items() if self.writes[n].device == self.key[device]}
        self.frames[line["as"]] = (line["from"] == device, device, hub, document, held)
        self.damage[line["as"]] = {}

    def on_corrupt(self, line):
        damage = self.damage[line["frame"]]
        damage[line["byte"]] = damage.get(line["byte"], 0) ^ line["xor"]

    def on_deliver(self, line):
        is_up, device, hub, document, held = self.frames[line["frame"]]
        if any(self.damage[line["frame"]].values()):
            self.damaged += 1
        elif is_up:
            self.arrive(hub, document, held)
        else:
            self.take(device, document, held)

    def on_stats(self, line):
        pass

    on_value = on_events = on_stats


# Scripts


class Story:
    """The lines of a fault, and what is expected of it beyond the oracle."""

    def __init__(self, engine, shared):
        self.engine = engine
        self.lines, self.unheard = [], set()  # the latter: places of lines that change nothing
        self.shared = {"document": "site"} if shared else {}
        self.boards, self.steps, self.names = [], 0, 0
        self.expected, self.explained, self.musts, self.checks = [], set(), {}, []
        self.new("hub", "hub")
        self.new("d1", "device")
        if shared:
            self.new("d2", "device")

    def line(self, do, **fields):
        self.lines.append({"do": do, **fields})

    def new(self, at, role):
        self.line("new", at=at, role=role)
        if role == "device":
            self.boards.append(at)

    def which(self, at, device="d1"):
        """The document that a line is about."""
        return self.shared or ({"device": device} if at == "hub" else {})

    def write(self, do, at, key, device="d1", **fields):
        self.line(do, at=at, key=key, **fields, **self.which(at, device))

    def set(self, at, key, value, **fields):
        self.write("put" if kind(key) == "notes" else "set", at, key, value=value, **fields)

    def add(self, at, value):
        self.write("add", at, "sets/s", value=value)

    def remove(self, at, value):
        self.write("remove", at, "sets/s", value=value)

    def delete(self, at, *keys):
        for key in keys:
            self.write("delete", at, key)

    def inc(self, at, key="counters/c"):
        # Powers of two: a sum says which increments are in it.
        self.write("inc", at, key, by=1 << self.steps)
        self.steps += 1

    def busy(self, at, word):
        """Writes of every kind, to keys that all write and to keys of its own."""
        self.set(at, "config/mode", word)
        self.set(at, "desired/" + word, word)
        self.set(at, "notes/n", word)
        self.add(at, word)
        self.add(at, "all")
        self.inc(at)
        if at != "hub" and not self.shared:
            self.set(at, "reported/state", word)
            self.line("log", at=at, key="log/t", value=word)

    def aside(self, word):
        """The other device of a shared document goes on, and says so."""
        if self.shared:
            self.busy("d2", word)
            self.sync("d2")

    def sync(self, *boards, heard=True):
        for board in boards or self.boards:
            for which in [{}] + ([self.shared] if self.shared else []):
                if not heard:
                    self.unheard.add(len(self.lines))
                self.line("sync", **{"from": board, "to": "hub"}, **which)

    def send(self, source, to):
        self.names += 1
        name = f"m{self.names}"
        self.line("send", **{"from": source, "to": to, "as": name}, **self.shared)
        return name

    def deliver(self, *frames):
        for frame in frames:
            self.line("deliver", frame=frame)

    def corrupt(self, frame, *changes):
        for byte, xor in changes:
            self.line("corrupt", frame=frame, byte=byte, xor=xor)

    def length(self, frame):
        """The bytes of a kept frame: a byte beyond them ends a script."""
        low, high = 0, 4096
        while low < high:
            byte = (low + high) // 2
            try:
                self.engine.run(
                    self.lines + [{"do": "corrupt", "frame": frame, "byte": byte, "xor": 0}])
                low = byte + 1
            except ScriptFailed:
                high = byte
        return low

    def crash(self, *replicas):
        for at in replicas:
            self.line("crash", at=at)

    def backup(self, at, name):
        self.line("backup", **{"at": at, "as": name})

    def restore(self, at, name):
        self.line("restore", **{"at": at, "from": name})

    def clone(self, at, name):
        self.line("clone", **{"at": at, "as": name})
        self.boards.append(name)

    def wipe(self, at):
        self.line("wipe", at=at)

    def clock(self, at, milliseconds):
        self.line("clock", at=at, ms=milliseconds)

    def stats(self, at):
        self.line("stats", at=at, **self.which(at))

    def expect(self, *events, explained=()):
        """Events that must be raised, and those that may be beside them. One of several: a|b."""
        self.expected = sorted(events)
        self.explained = {name for event in events for name in event.split("|")} | set(explained)

    def must(self, key, value):
        """A value that the fault's meaning gives, whatever the oracle says."""
        self.musts[key] = value

    def check(self, name, holds):
        """`holds` is asked with the answers and the oracle."""
        self.checks.append((name, holds))


def begin(s):
    s.busy("d1", "first")
    s.busy("hub", "wish")
    s.sync()
    s.aside("aside")


def restored_backup(s):
    begin(s)
    s.backup("d1", "card")
    s.busy("d1", "sent")
    s.remove("d1", "first")
    s.delete("d1", "desired/first")
    s.sync("d1")
    s.busy("d1", "unsent")  # only on the disk that is lost
    s.restore("d1", "card")
    s.busy("d1", "after")
    s.set("d1", "config/after", 1)
    s.aside("later")
    s.expect("restore_detected")


def restored_after_commit(s):
    begin(s)
    s.backup("d1", "card")
    s.busy("d1", "sent")
    s.deliver(s.send("d1", "hub"))  # committed there; the answer never comes
    s.restore("d1", "card")
    s.busy("d1", "after")
    s.must("desired/sent", "sent")
    s.expect("restore_detected")


def old_card(s):
    begin(s)
    s.sync("d1")
    s.backup("d1", "card")
    for boot in range(3):
        s.crash("d1")
        s.busy("d1", f"boot{boot}")
        s.remove("d1", "first")
        s.sync("d1")
    s.restore("d1", "card")
    s.busy("d1", "after")
    s.aside("later")
    s.expect("restore_detected")


def empty_card(s):
    begin(s)
    s.busy("d1", "sent")
    s.sync("d1")
    s.busy("d1", "unsent")
    s.wipe("d1")
    s.busy("d1", "after")
    s.expect("restore_detected")


def foreign_card(s, confirmed=False):
    """Another board's card: its writes are refused, and neither document takes harm."""
    begin(s)
    s.new("d3", "device")
    s.set("d3", "config/mode", "third", device="d3")
    s.sync("d3")
    s.backup("d3", "own")
    if confirmed:
        s.busy("d1", "told")
        s.sync("d1")
        s.line("log", at="d1", key="log/t", value="kept with it")
        s.crash("hub")
    s.backup("d1", "card")
    s.restore("d3", "card")
    if not confirmed:
        s.set("d3", "config/mode", "foreign")
    s.sync("d3", heard=False)
    s.sync("d1")
    s.restore("d3", "own")
    s.must("config/mode", {"d1": "told" if confirmed else "wish", "d3": "third"})
    s.expect("device_refused", "frame_refused")


def foreign_card_told(s):
    """The same, with nothing on the card that the hub has not confirmed."""
    foreign_card(s, confirmed=True)


def clone(s):
    begin(s)
    s.busy("d1", "before")
    s.set("d1", "reported/both" if not s.shared else "config/both", 0)
    s.clone("d1", "e1")
    for turn in range(2):
        s.busy("d1", f"one{turn}")
        s.busy("e1", f"two{turn}")
        s.remove("d1", "before")
        s.add("e1", "before")
        s.delete("e1", "notes/n")
        s.sync("d1", "e1")
        s.busy("hub", f"hub{turn}")
        s.aside(f"aside{turn}")
    s.must("config/both" if s.shared else "reported/both", 0)
    s.expect("fork_detected", explained=["restore_detected"])


def wiped_hub(s):
    begin(s)
    s.busy("hub", "later")
    s.remove("hub", "first")
    s.sync("d1")
    s.busy("hub", "untold")
    s.busy("d1", "unsent")
    s.wipe("hub")
    s.busy("hub", "anew")
    s.expect("hub_reset_detected")


def restored_hub(s):
    begin(s)
    s.sync()
    s.backup("hub", "backup")
    s.busy("d1", "sent")
    s.remove("d1", "first")
    s.delete("d1", "notes/n", "desired/first", "counters/c")
    s.busy("hub", "told")
    s.sync()
    s.busy("hub", "untold")
    s.restore("hub", "backup")
    s.busy("hub", "anew")
    s.busy("d1", "unsent")
    s.expect("hub_reset_detected")


def damaged_frames(s):
    """Each byte of a greeting, a question and the hub's news damaged, one after the other."""
    begin(s)
    s.crash("d1")
    for source, to in [("d1", "hub"), ("d1", "hub"), ("hub", "d1")]:
        s.busy(source, f"words{s.names}")
        frame = s.send(source, to)
        for byte in range(s.length(frame)):
            change = (byte, 1 << byte % 8)
            s.corrupt(frame, change)
            s.deliver(frame)
            s.corrupt(frame, change)
        s.sync("d1")
    s.expect("frame_refused")
    s.check("each damaged frame is refused", lambda answers, oracle: oracle.damaged == sum(
        event["event"] == "frame_refused" for event in answers.events))


def late_frames(s):
    """Lost answers, repeats, frames in the wrong order and of sessions that are over."""
    begin(s)
    frames = []
    for turn in range(4):
        s.busy("d1", f"up{turn}")
        s.remove("d1", f"up{turn - 1}")
        frames.append(s.send("d1", "hub"))
        if turn == 2:
            s.crash("d1")
    s.deliver(*reversed(frames), *frames)
    s.sync("d1")
    s.crash("hub")
    s.deliver(*frames)
    s.busy("d1", "last")
    s.sync("d1")
    s.deliver(*frames)
    s.expect()


def late_news(s):
    """The same from the hub, which goes on writing before it hears anything."""
    begin(s)
    s.sync("d1")
    frames = []
    for turn in range(4):
        s.set("hub", f"desired/down{turn}", turn)
        s.inc("hub")
        frames.append(s.send("hub", "d1"))
    s.deliver(*reversed(frames), *frames)
    s.set("hub", "desired/then", 1)
    s.add("hub", "then")
    s.sync("d1")
    s.deliver(*frames)
    s.set("hub", "desired/last", 1)
    s.expect()


def forged_counter(s):
    """A question whose interval claims writes that were never made, with the right checksum."""
    begin(s)
    s.sync("d1")
    s.sync("d1")
    s.set("d1", "config/a", 1)
    s.set("d1", "config/b", 2)
    frame = s.send("d1", "hub")
    # Behind version, tag, flags, question, count, delta's flags, epoch and since: upto - since.
    s.corrupt(frame, *forged(s.length(frame), 11, 64))
    s.deliver(frame)
    s.sync("d1")
    s.busy("d1", "after")
    s.must("desired/after", "after")
    s.expect("fork_detected|frame_refused|restore_detected")


def device_in_1970(s):
    begin(s)
    s.sync()
    s.clock("d1", 0)
    s.set("d1", "config/mode", "seen")  # it has seen what it replaces
    s.set("d1", "config/new", "1970")
    s.sync("d1")
    s.must("config/mode", "seen")
    s.set("d1", "config/both", "1970")
    s.set("hub", "config/both", "hub")
    s.clock("hub", START + 1000)
    s.set("hub", "config/both", "hub later")
    s.must("config/both", "hub later")
    s.sync("d1")
    s.crash("d1")
    s.clock("d1", START + 2000)
    s.set("d1", "config/new", "right")
    s.must("config/new", "right")
    s.expect()


def device_in_2099(s):
    begin(s)
    s.clock("d1", YEAR_2099)
    s.busy("d1", "ahead")
    s.set("d1", "config/kept", "ahead")
    s.sync("d1")
    s.set("hub", "config/mode", "hub")
    s.sync("d1")
    s.set("d1", "config/mode", "device")
    s.set("d1", "config/later", "ahead")
    s.sync("d1")
    s.clock("d1", START + 1000)
    s.clock("hub", START + 1000)
    s.set("hub", "config/later", "hub")
    for key, value in [("mode", "device"), ("kept", "ahead"), ("later", "hub")]:
        s.must("config/" + key, value)
    s.sync()
    s.aside("later")
    if s.shared:
        s.must("config/mode", "later")
    s.expect("clock_ahead")


def hub_in_1970(s):
    begin(s)
    s.clock("hub", 0)
    s.crash("hub")
    s.set("d1", "config/mode", "device")
    s.set("d1", "config/x", 1)
    s.sync("d1")
    s.set("hub", "config/mode", "hub")
    s.sync("d1")
    s.set("d1", "config/x", 2)
    s.sync("d1")
    s.clock("hub", START + 1000)
    s.set("hub", "config/y", 3)
    for key, value in [("mode", "hub"), ("x", 2), ("y", 3)]:
        s.must("config/" + key, value)
    s.expect(explained=["clock_ahead"])


def hub_in_2099(s):
    begin(s)
    s.clock("hub", YEAR_2099)
    s.set("hub", "config/mode", "hub")
    s.set("hub", "config/x", "hub")
    s.sync("d1")
    s.set("d1", "config/mode", "device")
    s.sync("d1")
    s.clock("hub", START + 1000)
    s.crash("hub")
    s.set("d1", "config/x", "device")
    s.sync("d1")
    s.set("hub", "config/mode", "right")
    s.must("config/x", "device")
    s.must("config/mode", "right")
    s.expect(explained=["clock_ahead"])


def reinstalled_hub(s):
    """An empty hub without a clock is filled by its devices; then the backup is put back."""
    begin(s)
    s.set("d1", "config/mode", "old")
    s.sync("d1")
    s.backup("hub", "backup")
    s.set("d1", "config/mode", "new")
    s.sync("d1")
    s.clock("hub", 0)
    s.wipe("hub")
    s.sync("d1")
    s.clock("hub", START)
    s.restore("hub", "backup")
    s.must("config/mode", "new")
    s.expect("hub_reset_detected", explained=["clock_ahead"])


def power_before_send(s):
    begin(s)
    s.busy("d1", "one")
    s.crash("d1")
    s.busy("d1", "two")
    s.remove("d1", "one")
    s.crash("d1", "hub", "d1")
    s.busy("hub", "three")
    s.crash("hub")
    s.sync("d1")
    s.crash("d1", "hub")
    s.expect()


def power_before_answer(s):
    begin(s)
    s.sync("d1")
    for turn in range(3):
        s.busy("d1", f"sent{turn}")
        s.deliver(s.send("d1", "hub"))
        s.crash(*[["hub"], ["d1"], ["hub", "d1"]][turn])
        s.busy("d1", f"next{turn}")
        s.remove("d1", f"sent{turn}")
    s.expect()


def thousand_boots(s, pause=True):
    """Each boot writes, syncs, and mostly lives long enough to write once more."""
    begin(s)
    for boot in range(1000):
        s.crash("d1")
        s.set("d1", "config/boots", boot)
        s.set("d1", "notes/n", boot)
        s.add("d1", boot % 5)
        if boot in (100, 999):
            s.stats("d1")
        s.line("sync", **{"from": "d1", "to": "hub"}, **s.shared)
        if pause:
            s.set("d1", "config/up", boot)
    s.must("config/boots", 999)
    s.stats("hub")

    def bounded(answers, _):
        early, late, hub = answers.stats
        # One entry for each opening that wrote, of d1, d2 and the hub, and frames that stay.
        return (late["context"] <= 1003 and hub["context"] <= 1003 and hub["cells"] <= 30
                and late["frame_bytes"] <= early["frame_bytes"] + 32)

    s.check("bounded", bounded)
    s.expect()


def thousand_short_boots(s):
    """Each boot loses its power right after the sync."""
    thousand_boots(s, pause=False)


def long_absence(s, restored=False):
    """A board returns after more removals than the hub keeps records of."""
    away = "d2" if s.shared else "d1"
    for n in range(4):
        s.set("d1", f"notes/{n}", n)
        s.add("d1", n)
        s.set("d1", f"config/{n}", n)
    s.inc("d1")
    s.sync()
    s.backup(away, "card")
    s.set(away, "notes/own", "away")
    s.add(away, "away")
    s.inc(away, "counters/own")
    for n in range(4):
        s.delete("hub", f"notes/{n}", f"config/{n}")
        s.remove("hub", n)
    s.delete("hub", "counters/c")
    for n in range(700):
        s.set("hub", "notes/churn", n)
        s.add("hub", f"churn{n}")
        s.remove("hub", f"churn{n}")
        if n % 100 == 0:
            s.crash("hub")
            if s.shared:
                s.sync("d1")
    if restored:
        s.sync(away)
        s.restore(away, "card")
    s.must("counters/own", 2)
    s.must("sets/s", ["away"])
    s.must("notes/own", ["away"])
    s.must("counters/c", None)
    s.expect(*["restore_detected"] * restored)


def ancient_backup(s):
    """The same, and then its disk of before is put back, with all that was deleted."""
    long_absence(s, restored=True)


def partition(s):
    begin(s)
    s.delete("hub", "counters/c")
    s.sync()
    sides = ["hub"] + s.boards
    for turn in range(3):
        for side in sides:
            s.busy(side, f"{side}-{turn}")
            s.inc(side, "counters/more")
        s.remove("hub", "all")
        s.add("d1", "all")
        s.delete("d1", "notes/n")
        s.crash("d1")
    s.remove("hub", "wish")
    s.delete("hub", "counters/c")
    s.expect()


STORIES = [
    restored_backup, restored_after_commit, old_card, ancient_backup, empty_card, foreign_card,
    foreign_card_told, clone, wiped_hub, restored_hub, damaged_frames, late_frames, late_news,
    forged_counter, device_in_1970, device_in_2099, hub_in_1970, hub_in_2099, reinstalled_hub,
    power_before_send, power_before_answer, thousand_boots, thousand_short_boots, long_absence,
    partition,
]
# Not in a shared document: there it would say nothing more.
ALONE = {foreign_card, foreign_card_told, thousand_short_boots}


# Forgery


def checksum(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def forged(length, byte, xor):
    """Changes to a frame that its CRC-32C does not show: it is linear, so that what a change adds
    to it does not depend on the frame."""
    change = bytearray(length - 4)
    change[byte] = xor
    added = checksum(change) ^ checksum(bytes(length - 4))
    tail = [(length - 4 + n, added >> 8 * n & 255) for n in range(4)]
    return [(byte, xor)] + [(place, part) for place, part in tail if part]


# Judgement


class ScriptFailed(Exception):
    pass


class Engine:
    def __init__(self, path):
        self.path = path

    def run(self, lines):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        run = subprocess.run(
            [self.path, "script", "-"], input=text, capture_output=True, text=True, timeout=600)
        if run.returncode:
            raise ScriptFailed(f"exit {run.returncode}: {run.stderr.strip()}")
        return [json.loads(line) for line in run.stdout.splitlines()]


class Answers:
    def __init__(self, answers):
        self.values = [answer["value"] for answer in answers if "value" in answer]
        self.events = [event for answer in answers for event in answer.get("events", [])]
        self.stats = [answer for answer in answers if "cells" in answer]


def settle(story, mutant):
    """Three rounds without a fault, then all questions. Returns the questions, and the places of
    lines that the engine is not to have."""
    dropped = set()
    for _ in range(3):
        for board in story.boards:
            first = len(story.lines)
            story.sync(board)
            if mutant == "drop-sync" and board == story.boards[-1]:
                dropped |= set(range(first, len(story.lines)))
    asked = [{"do": "value", "at": board, **story.shared} for board in story.boards]
    owners = [line["at"] for line in story.lines if line.get("role") == "device"]
    about = [story.shared] if story.shared else [{"device": owner} for owner in owners]
    asked += [{"do": "value", "at": "hub", **which} for which in about]
    story.lines += asked
    for at in ["hub"] + story.boards:
        story.line("events", at=at)
    return asked, dropped


def facts(view):
    """What a view says, one by one: values, elements, and the increments in a counter."""
    found = set()
    for key, value in view.items():
        if kind(key) == "counters":
            found |= {(key, bit) for bit in range(value.bit_length()) if value >> bit & 1}
        elif kind(key) in REGISTERS:
            found.add((key, canonical(value)))
        else:
            found |= {(key, canonical(item)) for item in value}
    return found


def judge(fault, story, engine, mutant):
    asked, dropped = settle(story, mutant)
    heard = [line for place, line in enumerate(story.lines) if place not in story.unheard]
    oracle = Oracle(heard, mutant)
    answers = Answers(engine.run(
        [line for place, line in enumerate(story.lines) if place not in dropped]))
    lost, returned, failed, seen = set(), set(), [], {}
    missing = 0
    for line, view in zip(asked, answers.values):
        at, document = line["at"], oracle.document(line, line["at"])
        logs = {key: view.pop(key) for key in list(view) if kind(key) == "log"}
        expected = oracle.view(at, document)
        for key in expected:
            if (document, key) in oracle.lowered and mutant != "last-arrival":
                # Which of several that have not seen each other depends on the hub's clock.
                latest = oracle.latest(oracle.disk[at].document(document), key)
                if any(canonical(view.get(key)) == canonical(w.value) for w in latest):
                    expected[key] = view.get(key)
        expected = {key: value for key, value in expected.items() if value is not None}
        lost |= {(document, *fact) for fact in facts(expected) - facts(view)}
        returned |= {(document, *fact) for fact in facts(view) - facts(expected)}
        for key, value in story.musts.items():
            if isinstance(value, dict):
                value = value[document.removeprefix("of ")]
            if canonical(view.get(key)) != canonical(value):
                failed.append(f"{key} at {at} is not {canonical(value)}")
        seen.setdefault(document, set()).add(canonical(view))
        if at == "hub" and not story.shared:
            for stream, rows in oracle.rows(at, line["device"]).items():
                missing += max(0, rows - logs.get(stream, {"count": 0})["count"])
    converged = all(len(views) == 1 for views in seen.values())
    events = sorted({event["event"] for event in answers.events})
    wanted = [] if mutant == "no-events" else story.expected
    noticed = all(set(event.split("|")) & set(events) for event in wanted)
    explained = set() if mutant == "no-events" else story.explained
    failed += [name for name, holds in story.checks if not holds(answers, oracle)]
    result = {
        "fault": fault, "writes": len(oracle.writes), "gone": oracle.gone(),
        "converged": converged, "silent_divergence": not converged and not events,
        "lost": len(lost) + missing, "returned": len(returned), "events": events,
        "expected_events": wanted,
    }
    result["ok"] = (converged and not lost and not returned and not missing and not failed
                    and noticed and set(events) <= explained)
    if failed:
        result["failed"] = sorted(set(failed))
    return result


def main():
    parser = argparse.ArgumentParser(description="The fault matrix of the sync engine.")
    parser.add_argument("--bench", default=".build/release/edge-bench")
    parser.add_argument("--only", help="names of faults, with commas between")
    parser.add_argument("--mutant", choices=MUTANTS)
    parser.add_argument("--write", metavar="FOLDER", help="keep the scripts there")
    options = parser.parse_args()
    if not os.access(options.bench, os.X_OK):
        parser.error(f"there is no {options.bench}; make release builds it")
    engine = Engine(options.bench)
    results = []
    for tell in STORIES:
        for shared in [False, True][:1 if tell in ALONE else 2]:
            fault = tell.__name__ + ("/shared" if shared else "")
            if options.only and fault not in options.only.split(","):
                continue
            story = Story(engine, shared)
            try:
                tell(story)
                result = judge(fault, story, engine, options.mutant)
            except ScriptFailed as error:
                result = {"fault": fault, "lost": 0, "ok": False, "failed": [str(error)]}
            if options.write:
                os.makedirs(options.write, exist_ok=True)
                name = os.path.join(options.write, fault.replace("/", "-") + ".jsonl")
                with open(name, "w") as file:
                    file.writelines(json.dumps(line) + "\n" for line in story.lines)
            print(json.dumps(result), flush=True)
            results.append(result)
    ok = bool(results) and all(result["ok"] for result in results)
    print(json.dumps({
        "faults": len(results),
        "silent_divergences": sum(result.get("silent_divergence", False) for result in results),
        "lost": sum(result["lost"] for result in results),
        "returned": sum(result.get("returned", 0) for result in results),
        "not_ok": [result["fault"] for result in results if not result["ok"]], "ok": ok,
    }))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
