/** Changes what a table is and not its rows: properties and table features. */

import { z } from 'zod';
import { InvalidArgumentError } from '../errors.js';
import type { Action, StringMap } from '../log/actions.js';
import type { CommitDescription } from '../log/commit-info.js';
import { NOTHING_READ } from '../log/conflict.js';
import { knownFeature, splitFeatures } from '../log/feature-properties.js';
import { checkWritable, upgradedProtocol } from '../log/protocol.js';
import {
  checkRowTracking,
  hasRowIds,
  MATERIALIZED_COMMIT_VERSION,
  MATERIALIZED_ROW_ID,
  withMaterializedNames,
} from '../log/row-tracking.js';
import { checkProperties } from '../log/table-properties.js';
import type { Snapshot } from '../log/table-snapshot.js';
import { backfillRowIds, checkCanTrackRows } from './alter-row-ids.js';
import { callOptions, checkOptions, propertiesOf } from './call-options.js';
import { commitWrite, type PlannedWrite } from './commit-write.js';
import { latestSnapshot } from './open.js';
import type { AlterOptions } from './options.js';
import { NO_METRICS } from './outcome.js';
import type { Commit } from './results.js';
import { DEFAULT_ATTEMPTS, withAttempts } from './retry.js';
import type { TableState } from './table-state.js';

const optionsOf = z.strictObject({
  ...callOptions,
  attempts: z.number().int().min(1).optional(),
});
const ADVICE = 'change the table again';
/** What features keep among the properties for themselves: without it data that is there is not understood. */
const OWN_PROPERTIES: ReadonlySet<string> = new Set([
  MATERIALIZED_ROW_ID,
  MATERIALIZED_COMMIT_VERSION,
  'delta.inCommitTimestampEnablementVersion',
  'delta.inCommitTimestampEnablementTimestamp',
  'delta.columnMapping.mode',
  'delta.columnMapping.maxColumnId',
  'delta.requireCheckpointProtectionBeforeVersion',
]);

/** Sets properties; see {@link DeltaTable.setProperties}. */
export async function setProperties(
  state: TableState,
  properties: Readonly<Record<string, string>>,
  options: AlterOptions,
): Promise<Commit> {
  const { attempts = DEFAULT_ATTEMPTS } = checkOptions('setProperties', optionsOf, options);
  const { change, configuration } = propertiesChange(properties);
  return await withAttempts(attempts, async () => {
    if (hasRowIds({ configuration })) await giveRowIds(state, options);
    return await alter(state, options, change);
  });
}

/**
 * The commit that sets properties, where one is enough.
 *
 * @throws InvalidArgumentError for a name or a value that Delta does not have, and for properties that give rows their
 * ids, which takes several commits
 */
export function planProperties(
  state: TableState,
  base: Snapshot,
  properties: Readonly<Record<string, string>>,
): PlannedWrite {
  const { change, configuration } = propertiesChange(properties);
  if (hasRowIds({ configuration }) && !hasRowIds(base.metadata)) {
    throw new InvalidArgumentError({
      message: 'a transaction cannot turn row tracking on: the files that are there get ids before',
      option: 'delta.enableRowTracking',
      expected: 'table.setProperties, outside of a transaction',
    });
  }
  return planAlter(state, base, change(base));
}

function propertiesChange(properties: Readonly<Record<string, string>>): {
  readonly change: (base: Snapshot) => Change;
  readonly configuration: StringMap;
} {
  const { configuration: given, features } = splitFeatures(
    checkOptions('setProperties', propertiesOf, properties, 'properties'),
  );
  const configuration = checkProperties(given);
  const change = (base: Snapshot): Change => ({
    configuration: new Map([...base.configuration, ...configuration]),
    features,
    described: described('SET TBLPROPERTIES', { properties: JSON.stringify(properties) }),
  });
  return { change, configuration };
}

/**
 * Everything that must be before rows may have ids: who writes must know that files get some, in a commit of its own,
 * and then the files that were there must have got them.
 */
async function giveRowIds(state: TableState, options: AlterOptions): Promise<void> {
  await checkCanTrackRows(await latestSnapshot(state, options.signal), options.signal);
  await alter(state, options, supporting('rowTracking'));
  await backfillRowIds(state, options);
}

/** Takes properties back; see {@link DeltaTable.unsetProperties}. */
export async function unsetProperties(
  state: TableState,
  names: readonly string[],
  options: AlterOptions,
): Promise<Commit> {
  const { attempts = DEFAULT_ATTEMPTS } = checkOptions('unsetProperties', optionsOf, options);
  const unset = checkOptions('unsetProperties', z.array(z.string()).min(1), names, 'names');
  return await withAttempts(
    attempts,
    async () =>
      await alter(state, options, (base) => {
        const configuration = new Map(base.configuration);
        for (const name of unset) {
          if (OWN_PROPERTIES.has(name) || !configuration.delete(name)) throw isNotSet(name, base);
        }
        const properties = JSON.stringify(unset);
        return {
          configuration,
          features: [],
          described: described('UNSET TBLPROPERTIES', { properties, ifExists: 'false' }),
        };
      }),
  );
}

/** Adds a feature to what the table's protocol supports; see {@link DeltaTable.addFeature}. */
export async function addFeature(
  state: TableState,
  name: string,
  options: AlterOptions,
): Promise<Commit> {
  const { attempts = DEFAULT_ATTEMPTS } = checkOptions('addFeature', optionsOf, options);
  const feature = knownFeature(checkOptions('addFeature', z.string(), name, 'name'), 'name');
  return await withAttempts(attempts, async () => await alter(state, options, supporting(feature)));
}

function supporting(feature: string): (base: Snapshot) => Change {
  return ({ configuration }) => ({
    configuration,
    features: [feature],
    described: described('ADD FEATURE', { name: feature }),
  });
}

/** What a table is to become. */
interface Change {
  readonly configuration: StringMap;
  /** What its protocol is to support, beside what the properties need. */
  readonly features: readonly string[];
  readonly described: CommitDescription;
}

async function alter(
  state: TableState,
  options: AlterOptions,
  changeOf: (base: Snapshot) => Change,
): Promise<Commit> {
  return await commitWrite(state, options, {
    plan: (base) => Promise.resolve(planAlter(state, base, changeOf(base))),
    advice: ADVICE,
  });
}

/** The protocol and the metadata that make `base` what the change says; no actions when it is. */
export function planAlter(state: TableState, base: Snapshot, change: Change): PlannedWrite {
  const { schema, metadata } = base;
  const configuration = withMaterializedNames(change.configuration, () =>
    state.environment.entropy.uuid(),
  );
  checkRowTracking(configuration);
  const protocol = upgradedProtocol(base.protocol, { schema, configuration }, change.features);
  checkWritable(protocol, { ...metadata, configuration }, schema);
  const actions: Action[] = [];
  if (protocol !== base.protocol) actions.push({ kind: 'protocol', protocol });
  if (!isSame(configuration, base.configuration)) {
    actions.push({ kind: 'metaData', metaData: { ...metadata, configuration } });
  }
  const { described: description } = change;
  return { actions, reads: NOTHING_READ, described: description, keys: [], metrics: NO_METRICS };
}

function described(
  operation: string,
  operationParameters: Readonly<Record<string, string>>,
): CommitDescription {
  return { operation, operationParameters, operationMetrics: {} };
}

function isSame(one: StringMap, other: StringMap): boolean {
  return one.size === other.size && [...one].every(([name, value]) => other.get(name) === value);
}

function isNotSet(name: string, { configuration }: Snapshot): InvalidArgumentError {
  return new InvalidArgumentError({
    message: `the table has no property ${name} that could be unset`,
    option: name,
    expected: `one of ${[...configuration.keys()].filter((key) => !OWN_PROPERTIES.has(key)).join(', ')}`,
  });
}
