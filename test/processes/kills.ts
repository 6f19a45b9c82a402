/** R6 and R7: writers killed at any moment. What they were told is committed is there, and nothing is there in part. */
import { setTimeout as sleep } from 'node:timers/promises';
import { seededNumbers } from '../../src/testing/seeded.js';
import { type FaultLine, type FaultOptions, scaled } from '../faults/line.js';
import type { Outcome } from '../model/step.js';
import { startLossyProxy, type WireFault, type WirePlan } from './lossy-proxy.js';
import { judgeSite, localPlace, ownAzuritePlace, type Site, s3Place } from './place.js';
import { startWriter, type Writer } from './writer.js';

const LOCAL_KILLS = 500;
const WIRE_KILLS = 100;
/** Kills of one table: a log that only grows would make every later writer slower. */
const KILLS_OF_A_TABLE = 50;
/** Writers at the same time. */
const LANES = 3;
/** A writer lives at most so long from its first step on. */
const LIFE_MS = 120;
const WIRE_LIFE_MS = 300;
/** One request in so many meets a fault. */
const FAULTY_RATE = 0.05;
const WIRE_FAULTS: readonly WireFault[] = [
  'lost-request',
  'lost-reply',
  'cut-reply',
  'unavailable',
];

/** Writers on the local disk. */
export async function localKills(options: FaultOptions): Promise<FaultLine> {
  const place = await localPlace();
  const kills = scaled(LOCAL_KILLS, options);
  const violations: string[] = [];
  try {
    for (let done = 0; done < kills; done += KILLS_OF_A_TABLE) {
      const site = await place.site();
      const due = Math.min(KILLS_OF_A_TABLE, kills - done);
      const outcomes = await killWriters(site, due, { seed: options.seed + done, lifeMs: LIFE_MS });
      violations.push(...(await judgeSite(site, outcomes, false)));
    }
  } finally {
    await place.close();
  }
  return {
    id: 'R6',
    what: 'writers killed on the local disk',
    count: kills,
    seed: options.seed,
    violations,
  };
}

/** Writers on Azurite and on S3, behind a proxy that loses a request in twenty. */
export async function wireKills(options: FaultOptions): Promise<FaultLine> {
  const kills = scaled(WIRE_KILLS / 2, options);
  const violations: string[] = [];
  for (const open of [ownAzuritePlace, s3Place]) {
    const place = await open();
    const proxy = await startLossyProxy(place.port ?? 0, chance(options.seed));
    try {
      const site = await place.site();
      const outcomes = await killWriters(place.through(site, proxy.port), kills, {
        seed: options.seed,
        lifeMs: WIRE_LIFE_MS,
      });
      const broken = await judgeSite(site, outcomes, true);
      violations.push(...broken.map((each) => `${place.name}: ${each}`));
    } finally {
      proxy.close();
      await place.close();
    }
  }
  return {
    id: 'R7',
    what: 'writers killed on Azurite and S3 behind a lossy proxy',
    count: 2 * kills,
    seed: options.seed,
    violations,
  };
}

function chance(seed: number): WirePlan {
  const random = seededNumbers(seed);
  return () =>
    random() < FAULTY_RATE ? WIRE_FAULTS[Math.floor(random() * WIRE_FAULTS.length)] : undefined;
}

interface Killing {
  readonly seed: number;
  readonly lifeMs: number;
}

/** Each lane starts a writer, kills it some time after its first step began, and starts the next. */
async function killWriters(
  site: Site,
  kills: number,
  { seed, lifeMs }: Killing,
): Promise<readonly Outcome[]> {
  const random = seededNumbers(seed);
  const outcomes: Outcome[] = [];
  let begun = 0;
  const lane = async (name: string): Promise<void> => {
    while (begun < kills) {
      const at = begun++;
      const writer: Writer = {
        name: `${name}${at}`,
        kind: at % 4 === 3 ? 'replace' : 'append',
        part: name,
        count: Number.MAX_SAFE_INTEGER,
      };
      const running = startWriter(site, writer);
      await running.started;
      await sleep(random() * lifeMs);
      running.kill();
      outcomes.push(...(await running.outcomes));
    }
  };
  await Promise.all(Array.from({ length: LANES }, async (_, at) => await lane(`lane${at}-`)));
  return outcomes;
}
