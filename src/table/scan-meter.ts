/** What a scan did and what it could leave out, counted while it runs. */
import type { LogContext } from '../log/table-snapshot.js';
import type { ObjectStore } from '../storage/object-store.js';
import type { VersionScan } from './scan-plan.js';
import type { ScanMetrics } from './scan-types.js';

type Counts = { -readonly [K in keyof Omit<ScanMetrics, 'requestsSkipped'>]: number };

export class ScanMeter {
  readonly counts: Counts;
  readonly log: LogContext;

  constructor({ snapshot, files }: VersionScan) {
    this.counts = {
      filesRead: 0,
      filesSkipped: snapshot.files.count - files.count,
      bytesSkipped: snapshot.files.sizeBytes - files.sizeBytes,
      rowGroupsRead: 0,
      rowGroupsSkipped: 0,
      pagesRead: 0,
      pagesSkipped: 0,
      requests: 0,
      bytesFetched: 0,
      rows: 0,
    };
    this.log = { ...snapshot.log, store: this.#counting(snapshot.log.store) };
  }

  metrics(): ScanMetrics {
    const { filesSkipped, rowGroupsSkipped } = this.counts;
    return { ...this.counts, requestsSkipped: filesSkipped + rowGroupsSkipped };
  }

  /** The store, of which a scan only gets objects. */
  #counting(store: ObjectStore): ObjectStore {
    const get: ObjectStore['get'] = async (key, options) => {
      this.counts.requests++;
      const object = await store.get(key, options);
      this.counts.bytesFetched += object?.bytes.length ?? 0;
      return object;
    };
    return {
      get,
      head: (key, options) => store.head(key, options),
      putIfAbsent: (key, body, options) => store.putIfAbsent(key, body, options),
      put: (key, body, options) => store.put(key, body, options),
      list: (prefix, options) => store.list(prefix, options),
      delete: (key, options) => store.delete(key, options),
    };
  }
}
