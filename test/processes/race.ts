/** R8: processes that race on one table, on disk and over the wire: every commit lands, exactly once. */
import { type FaultLine, type FaultOptions, scaled, type Variant } from '../faults/line.js';
import type { Outcome } from '../model/step.js';
import { judgeSite, localPlace, ownAzuritePlace, type Place, type Site, s3Place } from './place.js';
import { startWriter, type Writer } from './writer.js';

const PROCESSES = 8;
/** Commits of each process. */
const COMMITS = 50;

export interface Race {
  readonly processes: number;
  /** Of each process. */
  readonly commits: number;
  readonly variant?: Variant | undefined;
}

/** Runs the writers at the same time. @throws {Error} when one of them ends badly */
export async function race(site: Site, writers: readonly Writer[]): Promise<readonly Outcome[]> {
  const outcomes = await Promise.all(
    writers.map(async (writer) => await startWriter(site, writer).outcomes),
  );
  return outcomes.flat();
}

/** 8 processes with 50 commits each on each place; one of them overwrites, and all the others append. */
export async function races(options: FaultOptions): Promise<FaultLine> {
  const violations: string[] = [];
  let count = 0;
  for (const open of [localPlace, ownAzuritePlace, s3Place]) {
    const place = await open();
    try {
      const commits = scaled(COMMITS, options);
      const raced = await raceAt(place, {
        processes: PROCESSES,
        commits,
        variant: options.variant,
      });
      count += raced.committed;
      violations.push(...raced.violations.map((each) => `${place.name}: ${each}`));
    } finally {
      await place.close();
    }
  }
  return {
    id: 'R8',
    what: `commits of ${PROCESSES} racing processes on disk, Azurite and S3`,
    count,
    seed: options.seed,
    violations,
  };
}

/** Races `processes` writers, of whom the first overwrites its own part, and judges the table that they leave. */
export async function raceAt(
  place: Place,
  { processes, commits, variant }: Race,
): Promise<{ readonly committed: number; readonly violations: readonly string[] }> {
  const site = await place.site();
  const writers = Array.from({ length: processes }, (_, at): Writer => {
    const kind = at === 0 ? 'replace' : 'append';
    return { name: `p${at}`, kind, part: `p${at}`, count: commits, variant };
  });
  const outcomes = await race(site, writers);
  const violations = [...(await judgeSite(site, outcomes, false))];
  const committed = outcomes.filter(({ result }) => result.kind === 'ok').length;
  if (committed !== processes * commits) {
    violations.push(`${committed} of ${processes * commits} commits were acknowledged`);
  }
  return { committed, violations };
}
