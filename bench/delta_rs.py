"""What the benchmarks ask of delta-rs beside run_peer.py.

delta_rs.py count URL [APP_ID]          -> {"rows", "version", "sequence"}, as it reads the table
delta_rs.py append URL INPUT COUNT      -> prints "ready", waits for a line, appends INPUT to the table COUNT times
"""
import json
import resource
import sys

import deltalake
import pyarrow as pa


def count(url, app_id=None):
    table = deltalake.DeltaTable(url)
    sequence = table.transaction_version(app_id) if app_id else None
    return {"rows": table.count(), "version": table.version(), "sequence": sequence}


def append(url, path, times):
    with pa.memory_map(path) as source:
        rows = pa.ipc.open_file(source).read_all()
    deltalake.DeltaTable(url)
    print("ready", flush=True)
    sys.stdin.readline()
    again = 0
    for _ in range(int(times)):
        while True:
            try:
                deltalake.write_deltalake(url, rows, mode="append")
                break
            except deltalake.exceptions.CommitFailedError:
                again += 1
    return {"again": again, "peakRssMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


print(json.dumps({"count": count, "append": append}[sys.argv[1]](*sys.argv[2:])))
