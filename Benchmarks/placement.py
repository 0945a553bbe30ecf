#!/usr/bin/env python3
"""Places the same instances with `edge-bench place` and with OR-tools, in one run.

  placement.py EDGE_BENCH DATA FOLDER [--only NAME,…] [--seed N]

DATA has latency/planetlab-490-1.txt.gz and edge-sites/; instances go into FOLDER. A JSON line a
case. OR-tools gets the sparse form that suits it: min-cost flow over sites and whole instances
where all sizes are one, CP-SAT with the 40 nearest boards of each workload where not. Both times are
of the solving alone, without reading and building of costs (ours includes building them).
Fails where a plan is infeasible, a cheat is not found, or a target is missed.

edge-sites has positions but no times. Its RTT is modelled: 2 ms of access network on the user's
side and 0.5 ms on the site's, 0.1 ms for each kilometre of straight line (twice 5 us/km of fibre,
which runs five times as far, with what lies between), and 0 between a site and itself.
"""
import argparse
import csv
import json
import math
import os
import subprocess
import sys
import time

import numpy
from ortools.graph.python import min_cost_flow
from ortools.sat.python import cp_model

import place_verify


def instance(sites, slots, users, sizes):
    return {
        "boards": [{"site": int(a), "slots": int(b)} for a, b in zip(sites, slots)],
        "workloads": [
            {"users": [int(x) for x in row], "size": int(size)} for row, size in zip(users, sizes)
        ],
    }


def planetlab_cases(random, n):
    def hot(count):
        spots = random.choice(n, 20, replace=False)
        return spots[random.integers(0, 20, (count, 3))]

    def anywhere(count):
        return random.integers(0, n, (count, 3))

    boards = random.integers(0, n, 10_000)
    yield "loose-10000x1000", 1.0, 0.01, instance(
        boards, random.integers(2, 9, 10_000), anywhere(1_000), [1] * 1_000)
    # 95 % full: the boards' other slots are taken already.
    free = numpy.zeros(10_000, int)
    free[random.choice(10_000, 1_053, replace=False)] = 1
    yield "hot-spot-95%-10000x1000", 1.0, 0.01, instance(boards, free, hot(1_000), [1] * 1_000)
    yield "hot-spot-500x490", None, 0.005, instance(
        random.integers(0, n, 500), [1] * 500, hot(490), [1] * 490)
    yield "hot-spot-1000x900", None, 0.005, instance(
        random.integers(0, n, 1_000), [1] * 1_000, hot(900), [1] * 900)
    for name, users in (("multi-size-1000x300", anywhere(300)), ("multi-size-hot-1000x300", hot(300))):
        yield name, None, 0.01, instance(
            random.integers(0, n, 1_000), random.integers(1, 6, 1_000), users,
            random.integers(1, 5, 300))


def edge_sites(folder, work, random):
    """Sites and users as one square matrix, sites first; no board is at a user."""
    def places(name, latitude, longitude):
        with open(os.path.join(folder, name)) as file:
            return [(float(r[latitude]), float(r[longitude])) for r in csv.DictReader(file)]

    sites = places("site-optus-melbCBD.csv", "LATITUDE", "LONGITUDE")
    users = places("users-melbcbd-generated.csv", "Latitude", "Longitude")
    points = numpy.radians(numpy.array(sites + users))
    lat, lon = points[:, 0], points[:, 1]
    a = (numpy.sin((lat[:, None] - lat) / 2) ** 2
         + numpy.cos(lat[:, None]) * numpy.cos(lat) * numpy.sin((lon[:, None] - lon) / 2) ** 2)
    matrix = 2.5 + 0.1 * 2 * 6371 * numpy.arcsin(numpy.sqrt(a))
    numpy.fill_diagonal(matrix, 0)
    path = os.path.join(work, "edge-sites.txt")
    numpy.savetxt(path, matrix, fmt="%.6f")
    count = len(users)
    case = instance(
        numpy.arange(1_000) % len(sites), random.integers(1, 3, 1_000),
        len(sites) + random.integers(0, count, (900, 3)), [1] * 900)
    return path, case


def costs(matrix, case):
    sites = [board["site"] for board in case["boards"]]
    by_site = numpy.array([matrix[w["users"]].mean(0) for w in case["workloads"]])
    return by_site, by_site[:, sites]


def flow(matrix, case):
    """OR-tools' exact min-cost flow, workloads to sites; costs in nanoseconds."""
    by_site, _ = costs(matrix, case)
    count, sites = by_site.shape
    room = numpy.zeros(sites, int)
    for board in case["boards"]:
        room[board["site"]] += board["slots"]
    used = numpy.flatnonzero(room)
    scaled = numpy.rint(by_site[:, used] * 1e6).astype(numpy.int64)
    start = time.perf_counter()
    solver = min_cost_flow.SimpleMinCostFlow()
    sink = count + len(used)
    tails = numpy.concatenate([numpy.repeat(numpy.arange(count), len(used)), count + numpy.arange(len(used))])
    heads = numpy.concatenate([numpy.tile(count + numpy.arange(len(used)), count), numpy.full(len(used), sink)])
    capacities = numpy.concatenate([numpy.ones(scaled.size, int), room[used]])
    prices = numpy.concatenate([scaled.ravel(), numpy.zeros(len(used), int)])
    solver.add_arcs_with_capacity_and_unit_cost(tails, heads, capacities, prices)
    solver.set_nodes_supplies(
        numpy.arange(sink + 1), numpy.concatenate([numpy.ones(count, int), numpy.zeros(len(used), int), [-count]]))
    status = solver.solve()
    seconds = time.perf_counter() - start
    if status != solver.OPTIMAL:
        raise SystemExit("OR-tools found no flow")
    cost = solver.optimal_cost() / 1e6
    return "min-cost flow", cost, cost, seconds


def cp_sat(matrix, case, limit):
    """CP-SAT over each workload's 40 nearest boards that it fits on."""
    _, by_board = costs(matrix, case)
    model = cp_model.CpModel()
    uses, terms = {}, []
    slots = numpy.array([board["slots"] for board in case["boards"]])
    for row, workload in zip(by_board, case["workloads"]):
        size = workload["size"]
        near = [int(b) for b in numpy.argsort(row, kind="stable") if slots[b] >= size][:40]
        choices = [model.new_bool_var("") for _ in near]
        model.add_exactly_one(choices)
        for board, choice in zip(near, choices):
            uses.setdefault(board, []).append(size * choice)
            terms.append(int(round(row[board] * 1000)) * choice)
    for board, used in uses.items():
        model.add(sum(used) <= int(slots[board]))
    model.minimize(sum(terms))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limit
    solver.parameters.num_workers = 2
    start = time.perf_counter()
    status = solver.solve(model)
    seconds = time.perf_counter() - start
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return "CP-SAT, 40 nearest", None, None, seconds
    return "CP-SAT, 40 nearest", solver.objective_value / 1000, solver.best_objective_bound / 1000, seconds


def ours(program, matrix_path, path, extra=()):
    run = subprocess.run(
        [program, "place", "--latency", matrix_path, "--instance", path, "--json", *extra],
        stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(run.stdout)


def replan(program, matrix_path, path, case, result, random):
    """A twentieth of the used boards fails; who moves?"""
    used = sorted(set(result["assignment"]))
    gone = set(int(x) for x in random.choice(used, max(1, len(used) // 20), replace=False))
    less = {"workloads": case["workloads"], "boards": [
        {"site": b["site"], "slots": 0 if i in gone else b["slots"]} for i, b in enumerate(case["boards"])]}
    json.dump(less, open(path + ".less", "w"))
    json.dump(result, open(path + ".before", "w"))
    plan = ours(program, matrix_path, path + ".less", ["--plan-before", path + ".before"])
    homeless = sum(board in gone for board in result["assignment"])
    return less, plan, homeless


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("edge_bench")
    parser.add_argument("data")
    parser.add_argument("folder")
    parser.add_argument("--only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cp-sat-seconds", type=float, default=20)
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    random = numpy.random.default_rng(options.seed)
    planetlab = os.path.join(options.data, "latency", "planetlab-490-1.txt.gz")
    matrices = {planetlab: place_verify.read_matrix(planetlab)}
    cases = [(planetlab, *case) for case in planetlab_cases(random, len(matrices[planetlab]))]
    path, case = edge_sites(os.path.join(options.data, "edge-sites"), options.folder, random)
    matrices[path] = place_verify.read_matrix(path)
    cases.append((path, "edge-sites-modelled-1000x900", 1.0, 0.01, case))
    only = options.only.split(",") if options.only else None
    failed = []
    for matrix_path, name, seconds_max, gap_max, case in cases:
        if only and name not in only:
            continue
        matrix = matrices[matrix_path]
        path = os.path.join(options.folder, name + ".json")
        json.dump(case, open(path, "w"))
        result = ours(options.edge_bench, matrix_path, path)
        faults, _ = place_verify.verify(matrix, case, result)
        for cheat, wrong in place_verify.cheats(case, result):
            if not place_verify.verify(matrix, case, wrong)[0]:
                faults.append("the verifier does not find " + cheat)
        array = numpy.array(matrix)
        if all(w["size"] == 1 for w in case["workloads"]):
            solver, cost, bound, seconds = flow(array, case)
        else:
            solver, cost, bound, seconds = cp_sat(array, case, options.cp_sat_seconds)
        row = {
            "case": name, "gap": result["gap"], "cost": round(result["cost"], 3),
            "bound": round(result["bound"], 3), "seconds": round(result["seconds"], 4),
            "ortools": solver, "ortools_cost": cost and round(cost, 3),
            "ortools_bound": bound and round(bound, 3), "ortools_seconds": round(seconds, 4),
            "cost_ratio": cost and round(result["cost"] / cost, 6),
            "time_ratio": round(result["seconds"] / seconds, 3),
        }
        less, plan, homeless = replan(options.edge_bench, matrix_path, path, case, result, random) \
            if name.startswith("loose") or name.startswith("edge") else (None, None, None)
        if plan:
            faults += ["re-plan: " + fault for fault in place_verify.verify(matrix, less, plan)[0]]
            row.update(
                replan_lost=homeless, replan_moves=plan["moves"], replan_gap=plan["gap"],
                stateless_moves=plan["stateless_moves"], replan_seconds=round(plan["seconds"], 4))
        if result["gap"] > gap_max:
            faults.append("gap above %g" % gap_max)
        # A busy machine is no fault of the plan: times are printed, and fail far beyond only.
        if seconds_max and result["seconds"] > 5 * seconds_max:
            faults.append("more than %g s" % (5 * seconds_max))
        # The other's optimum may not be below our bound, or the bound would be a lie.
        if cost and result["bound"] > cost * (1 + 1e-6):
            faults.append("OR-tools' plan is below our bound")
        row["faults"] = faults
        print(json.dumps(row), flush=True)
        if faults:
            failed.append(name)
    if failed:
        sys.exit("failed: " + ", ".join(failed))


if __name__ == "__main__":
    main()
