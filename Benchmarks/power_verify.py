"""Recomputes energy and misses of one series from the steps that `edge-bench power --dump` wrote.
Shares no code with the simulator: first come, first served by a list of busy spells, and the bound
by the definition of Yao, Demers and Shenker: the densest interval first, again and again.

   python3 power_verify.py DUMP [--mutant level|claim|bound]

A mutant changes the dump before it is checked, and must be found: exit code 1."""
import json
import sys

BURSTS_MAX = 400  # the definition takes the cube of it


def read(path):
    lines = open(path, encoding="utf-8").read().splitlines()
    head, bursts, claims, bound = json.loads(lines[0]), [], {}, None
    at = 1
    while at < len(lines):
        words = lines[at].split()
        if words[0] == "burst":
            bursts.append((float(words[1]), float(words[2])))
        elif words[0] == "governor":
            runs = [tuple(map(int, run.split(":"))) for run in lines[at + 1].split()]
            _, joules, missed = lines[at + 2].split()
            claims[words[1]] = [runs, float(joules), int(missed)]
            at += 2
        elif words[0] == "bound":
            bound = float(words[1])
        at += 1
    return head, bursts, claims, bound


def model(head):
    levels = head["levels"]
    top_mhz, top_v = levels[-1]
    low_v = levels[0][1]
    leak = head["leakage_w"] / top_v**2
    span = head["full_w"] - head["idle_w"] - leak * (top_v**2 - low_v**2)
    return (
        [mhz / top_mhz for mhz, _ in levels],
        [span * (v / top_v) ** 2 * mhz / top_mhz for mhz, v in levels],
        [leak * v**2 for _, v in levels],
    )


def replay(head, bursts, runs, watts):
    """Speed is constant over a run, so a burst's end is found run by run and not step by step."""
    speed, work, leak = watts
    step, late, joules = head["step_s"], 0, 0.0
    edges, clock = [], 0
    for level, count in runs:
        edges.append((clock * step, (clock + count) * step, level))
        joules += leak[level] * count * step
        clock += count
    assert clock == head["steps"], f"{clock} steps, not {head['steps']}"
    at, free = 0, 0.0
    for arrival, need in bursts:
        free = max(free, arrival)
        while need > 1e-12 and at < len(edges):
            begin, end, level = edges[at]
            if free >= end - 1e-12:
                at += 1
                continue
            spent = min(end - free, need / speed[level])
            need -= spent * speed[level]
            joules += spent * work[level]
            free += spent
        if need > 1e-9:
            joules += need * (work[-1] + leak[-1])
            late += 1
        elif free > arrival + head["deadline_s"] + 1e-6:
            late += 1
    return joules, late


def least(head, bursts, watts):
    """The densest interval takes its bursts at its density and is cut out of time."""
    speed, work, leak = watts
    free, jobs = 0.0, []
    for arrival, need in bursts:
        free = max(free, arrival) + need
        jobs.append((arrival, max(arrival + head["deadline_s"], free), need))
    points = [(0.0, min(leak))] + [(s, w + l) for s, w, l in zip(speed, work, leak)]

    def power(mean):
        best = None
        for s0, w0 in points:
            for s1, w1 in points:
                if s0 <= mean <= s1:
                    w = w0 if s1 == s0 else w0 + (w1 - w0) * (mean - s0) / (s1 - s0)
                    best = w if best is None else min(best, w)
        return best if best is not None else max(w for _, w in points)

    total, span = 0.0, max([head["steps"] * head["step_s"]] + [d for _, d, _ in jobs])
    used = 0.0
    while jobs:
        best, cut = -1.0, None
        ends = sorted(range(len(jobs)), key=lambda i: jobs[i][1])
        for start in sorted({a for a, _, _ in jobs}):
            inside = 0.0
            for i in ends:
                arrival, due, need = jobs[i]
                if arrival >= start - 1e-12:
                    inside += need
                    if due > start and inside / (due - start) > best:
                        best, cut = inside / (due - start), (start, due)
        start, stop = cut
        total += (stop - start) * power(min(1.0, best))
        used += stop - start
        kept = []
        for arrival, due, need in jobs:
            if arrival >= start - 1e-12 and due <= stop + 1e-12:
                continue
            move = lambda t: t if t <= start else (start if t <= stop else t - (stop - start))
            kept.append((move(arrival), move(due), need))
        jobs = kept
    return total + (span - used) * power(0.0)


def main():
    head, bursts, claims, bound = read(sys.argv[1])
    mutant = sys.argv[3] if len(sys.argv) > 3 and sys.argv[2] == "--mutant" else None
    if mutant == "level":
        runs = claims["schedutil"][0]
        level, count = runs[-1]
        runs[-1] = (len(head["levels"]) - 1 - level, count)
    elif mutant == "claim":
        claims["ours"][2] += 1
    elif mutant == "bound":
        bound *= 1.001
    elif mutant is not None:
        sys.exit(f"no mutant {mutant}; level, claim or bound")
    if mutant == "bound" and len(bursts) > BURSTS_MAX:
        sys.exit(f"the bound of {len(bursts)} bursts is not recomputed; use a short trace")
    watts, failures = model(head), []
    for name, (runs, joules, missed) in claims.items():
        found, late = replay(head, bursts, runs, watts)
        same = abs(found - joules) <= 1e-6 * max(1, joules) and late == missed
        print(f"{name}: {found:.6f} J, {late} late; claimed {joules:.6f} J, {missed} late")
        if not same:
            failures.append(name)
    if len(bursts) <= BURSTS_MAX:
        found = least(head, bursts, watts)
        print(f"bound: {found:.6f} J; claimed {bound:.6f} J")
        if abs(found - bound) > 1e-6 * max(1, bound):
            failures.append("bound")
    else:
        print(f"bound: not recomputed, {len(bursts)} bursts are more than {BURSTS_MAX}; use a short trace")
    if failures:
        sys.exit("differs: " + ", ".join(failures))
    print("all equal")


if __name__ == "__main__":
    main()
