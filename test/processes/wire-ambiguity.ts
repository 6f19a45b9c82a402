/** R9 on the wire: commits whose request or answer is lost are settled by their own version, each exactly once. */
import { seededNumbers } from '../../src/testing/seeded.js';
import { type FaultLine, type FaultOptions, scaled } from '../faults/line.js';
import { startLossyProxy, type WirePlan } from './lossy-proxy.js';
import { judgeSite, ownAzuritePlace, s3Place } from './place.js';
import { race } from './race.js';
import type { Writer } from './writer.js';

const AMBIGUOUS = 200;
const WRITERS = 2;

/** The first put of every version is lost on one side or the other, on Azurite and on S3. */
export async function wireAmbiguities(options: FaultOptions): Promise<FaultLine> {
  const each = scaled(AMBIGUOUS / 2, options);
  const violations: string[] = [];
  let count = 0;
  for (const open of [ownAzuritePlace, s3Place]) {
    const place = await open();
    const proxy = await startLossyProxy(place.port ?? 0, losesFirstPuts(options.seed));
    try {
      const site = await place.site();
      const writers = Array.from({ length: WRITERS }, (_, at): Writer => {
        return { name: `w${at}-`, kind: 'append', part: 'p', count: Math.ceil(each / WRITERS) };
      });
      const outcomes = await race(place.through(site, proxy.port), writers);
      violations.push(...(await judgeSite(site, outcomes, false)));
      const unsettled = outcomes.filter(({ result }) => result.kind !== 'ok').length;
      if (unsettled > 0) violations.push(`${place.name}: ${unsettled} were not settled`);
      if (proxy.faults() < each) violations.push(`${place.name}: only ${proxy.faults()} were lost`);
      count += proxy.faults();
    } finally {
      proxy.close();
      await place.close();
    }
  }
  return { id: 'R9', what: 'ambiguous commits on the wire', count, seed: options.seed, violations };
}

function losesFirstPuts(seed: number): WirePlan {
  const random = seededNumbers(seed);
  const seen = new Set<string>();
  return ({ method, path }) => {
    if (method !== 'PUT' || !/_delta_log\/\d{20}\.json/u.test(path)) return undefined;
    if (seen.has(path)) return undefined;
    seen.add(path);
    return random() < 0.5 ? 'lost-request' : 'lost-reply';
  };
}
