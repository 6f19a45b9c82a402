import { describe, expect, it } from 'vitest';
import { startGcsDouble } from '../gcs/gcs-double.js';
import { describeWithAzurite } from '../support/azurite.js';
import { azuritePlace, gcsPlace, localPlace, type Place, s3Place } from './place.js';
import { raceAt } from './race.js';

const FOUR = { processes: 4, commits: 5 } as const;

async function expectFairRace(place: Place): Promise<void> {
  try {
    expect(await raceAt(place, FOUR)).toEqual({ committed: 20, violations: [] });
  } finally {
    await place.close();
  }
}

describe('processes that race on one table', () => {
  it('commit each exactly once on the local disk', async () => {
    await expectFairRace(await localPlace());
  });

  it('commit each exactly once on S3', async () => {
    await expectFairRace(await s3Place());
  });

  it('commit each exactly once on Google Cloud Storage, while answers are lost', async () => {
    const double = await startGcsDouble();
    const place = gcsPlace(double);
    double.faults.script([
      { fault: 'lost-reply', operations: ['putIfAbsent'], rate: 0.1, seed: 7, times: null },
      { fault: 'unavailable-503', rate: 0.05, seed: 8, times: null },
    ]);
    await expectFairRace(place);
    await double.close();
  }, 180_000);

  describeWithAzurite('on Azurite', (azurite) => {
    it('commit each exactly once', async () => {
      await expectFairRace(azuritePlace(azurite));
    });
  });
});
