"""Writes the undamaged files that `npm run fuzz` damages: Parquet pages by pyarrow, tables by Spark.

Run once, with each peer's own Python, from this folder; what it wrote is committed, so that a seed means the same
inputs everywhere:
    ~/.cache/varve-peers/delta-rs/bin/python make.py pages
    ~/.cache/varve-peers/spark/bin/python make.py tables
"""
import glob
import os
import shutil
import sys


def pages():
    from decimal import Decimal

    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 40
    flat = pa.table({
        "i": pa.array([None if n % 7 == 3 else n * 3 - 20 for n in range(rows)], pa.int32()),
        "l": pa.array([n * 1_000_000_007 for n in range(rows)], pa.int64()),
        "s": pa.array([None if n % 11 == 5 else f"text {n % 9} {'x' * (n % 5)}" for n in range(rows)], pa.string()),
        "b": pa.array([n % 3 == 0 for n in range(rows)], pa.bool_()),
        "f": pa.array([n / 8 - 1 for n in range(rows)], pa.float64()),
        "d": pa.array([Decimal(n * 125) / 100 for n in range(rows)], pa.decimal128(12, 2)),
        "t": pa.array([1_700_000_000_000_000 + n * 999_999 for n in range(rows)], pa.timestamp("us", "UTC")),
    })
    nested = pa.table({
        "i": pa.array(range(rows), pa.int32()),
        "a": pa.array([None if n % 5 == 4 else list(range(n % 4)) for n in range(rows)], pa.list_(pa.int64())),
        "r": pa.array([None if n % 6 == 2 else {"x": n, "y": None if n % 4 == 1 else f"y{n % 3}"} for n in range(rows)],
                      pa.struct([("x", pa.int32()), ("y", pa.string())])),
        "m": pa.array([[(f"k{k}", n + k) for k in range(n % 3)] for n in range(rows)], pa.map_(pa.string(), pa.int32())),
    })
    kinds = {
        "dict-snappy-v1": (flat, {"compression": "snappy"}),
        "plain-none-v1": (flat, {"compression": "none", "use_dictionary": False}),
        "plain-zstd-v2": (flat, {"compression": "zstd", "use_dictionary": False, "data_page_version": "2.0"}),
        "dict-gzip-v2": (flat, {"compression": "gzip", "data_page_version": "2.0"}),
        "dict-none-v1": (flat, {"compression": "none"}),
        "delta-brotli-v2": (flat, {"compression": "brotli", "use_dictionary": False, "data_page_version": "2.0",
                                   "column_encoding": {"i": "DELTA_BINARY_PACKED", "l": "DELTA_BINARY_PACKED",
                                                       "s": "DELTA_LENGTH_BYTE_ARRAY", "f": "BYTE_STREAM_SPLIT"}}),
        "delta-lz4-v1": (flat, {"compression": "lz4", "use_dictionary": False,
                                "column_encoding": {"i": "DELTA_BINARY_PACKED", "s": "DELTA_BYTE_ARRAY"}}),
        "nested-snappy-v1": (nested, {"compression": "snappy"}),
        "nested-zstd-v2": (nested, {"compression": "zstd", "data_page_version": "2.0"}),
        "nested-none-v1": (nested, {"compression": "none", "use_dictionary": False}),
    }
    for with_crc in (True, False):
        folder = "pages-crc" if with_crc else "pages"
        os.makedirs(folder, exist_ok=True)
        for name, (table, options) in kinds.items():
            pq.write_table(table, f"{folder}/{name}.parquet", row_group_size=25, data_page_size=128, store_schema=False,
                           write_page_checksum=with_crc, write_page_index=name.endswith("v2"), **options)


TABLES = {
    "classic": ("'delta.checkpointInterval'='3', 'delta.checkpoint.writeStatsAsStruct'='true'", True),
    "v2": ("'delta.checkpointInterval'='4', 'delta.checkpointPolicy'='v2', 'delta.enableDeletionVectors'='true'", False),
    "v2-json": ("'delta.checkpointInterval'='4', 'delta.checkpointPolicy'='v2', 'delta.enableDeletionVectors'='true'",
                False),
}


def tables():
    sys.path.insert(0, os.environ.get("VARVE_ORACLES", "../../../../shared") + "/peers")
    import spark_peer

    spark = spark_peer.start(os.path.expanduser("~/.cache/varve-peers/jars"), "1g")
    for name, (properties, classic) in TABLES.items():
        path = os.path.abspath(name)
        shutil.rmtree(path, ignore_errors=True)
        at = f"delta.`{path}`"
        spark.conf.set("spark.databricks.delta.checkpointV2.topLevelFileFormat", "json" if name == "v2-json" else "parquet")
        spark.conf.set("spark.databricks.delta.write.checksum.enabled", "true")
        spark.sql(f"CREATE TABLE {at} (id BIGINT, s STRING, d DECIMAL(10,2), t TIMESTAMP, p STRING) USING delta "
                  f"PARTITIONED BY (p) TBLPROPERTIES ({properties})")
        for part in range(3):
            spark.sql(f"INSERT INTO {at} SELECT /*+ COALESCE(1) */ id, concat('row ', id), id * 1.25, "
                      f"timestamp_micros(1700000000000000 + id * 1000003), 'p {part}' "
                      f"FROM range({part * 10}, {part * 10 + 12})")
        spark.sql(f"DELETE FROM {at} WHERE " + ("p = 'p 1'" if classic else "id % 5 = 2"))
        spark.sql(f"INSERT INTO {at} SELECT /*+ COALESCE(1) */ id, null, null, null, 'p/3' FROM range(90, 93)")
        if not classic:
            spark.sql(f"DELETE FROM {at} WHERE id = 91")
        for junk in glob.glob(f"{path}/**/.*.crc", recursive=True) + glob.glob(f"{path}/_delta_log/_*ommits"):
            shutil.rmtree(junk) if os.path.isdir(junk) else os.remove(junk)
    spark.stop()


{"pages": pages, "tables": tables}[sys.argv[1]]()
