#!/usr/bin/env python3
"""Checks a plan of `edge-bench place` with nothing of its code.

  place_verify.py MATRIX.txt[.gz] INSTANCE.json RESULT.json

Exit code 1 where the plan breaks a rule or its numbers are not true; each fault is a line.
"""
import gzip
import json
import math
import sys


def read_matrix(path):
    with (gzip.open if open(path, "rb").read(2) == b"\x1f\x8b" else open)(path, "rt") as file:
        rows = [[float(word) for word in line.split()] for line in file if line.strip()]
    known = [x for row in rows for x in row if math.isfinite(x) and x >= 0]
    top = max(known)
    return [[x if math.isfinite(x) and x >= 0 else top for x in row] for row in rows]


def verify(matrix, instance, result):
    """The faults of a result, and the cost that it really has."""
    boards, workloads = instance["boards"], instance["workloads"]
    plan, faults, cost = result["assignment"], [], 0.0
    used = [0] * len(boards)
    if len(plan) != len(workloads):
        return ["%d entries for %d workloads" % (len(plan), len(workloads))], cost
    for number, (board, workload) in enumerate(zip(plan, workloads)):
        if board is None:
            if result["feasible"]:
                faults.append("feasible, but workload %d is nowhere" % number)
            continue
        if not isinstance(board, int) or not 0 <= board < len(boards):
            faults.append("workload %d is on board %r" % (number, board))
            continue
        used[board] += workload.get("size", 1)
        site, users = boards[board]["site"], workload["users"]
        cost += math.fsum(matrix[user][site] for user in users) / len(users)
    for number, board in enumerate(boards):
        if used[number] > board["slots"]:
            faults.append("board %d has %d in %d slots" % (number, used[number], board["slots"]))
    if abs(cost - result["cost"]) > 1e-6 * max(1, cost):
        faults.append("cost is %.6f, not %.6f" % (cost, result["cost"]))
    if result["feasible"]:
        bound, gap = result["bound"], result["gap"]
        if bound is not None:
            if bound > cost * (1 + 1e-9):
                faults.append("the bound %.6f is above the cost %.6f" % (bound, cost))
            if bound > 0 and abs((cost - bound) / bound - gap) > 1e-6:
                faults.append("the gap is %.9f, not %.9f" % ((cost - bound) / bound, gap))
    return faults, cost


def cheats(instance, result):
    """Wrong results made of a right one; each must be found."""
    def copy(**changes):
        return {**result, **changes}

    plan = list(result["assignment"])
    yield "a cost that is too low", copy(cost=result["cost"] * 0.99)
    yield "a workload left out", copy(assignment=[None] + plan[1:])
    yield "a board that does not exist", copy(assignment=[len(instance["boards"])] + plan[1:])
    roomiest = plan[0]
    yield "all on one board", copy(assignment=[roomiest] * len(plan))
    yield "a short list", copy(assignment=plan[1:])
    yield "a bound above the cost", copy(bound=result["cost"] * 1.01)
    yield "a gap that is too small", copy(bound=result["cost"] * 0.9, gap=0)


def main():
    matrix_path, instance_path, result_path = sys.argv[1:]
    instance = json.load(open(instance_path))
    faults, _ = verify(read_matrix(matrix_path), instance, json.load(open(result_path)))
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
