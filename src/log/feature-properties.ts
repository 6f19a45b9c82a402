/** Table features that are asked for by a property: `delta.feature.<name>` is `supported`. */
import { InvalidArgumentError } from '../errors.js';
import type { StringMap } from './actions.js';
import { TABLE_FEATURES, tableFeature } from './table-feature.js';

const PREFIX = 'delta.feature.';

/** The two kinds of things that properties say. */
export interface SplitProperties {
  /** What is kept in the table's metadata. */
  readonly configuration: StringMap;
  /** The features that the protocol is to support; their properties are kept nowhere. */
  readonly features: readonly string[];
}

/**
 * Takes the features out of properties that a caller sets.
 * @throws InvalidArgumentError for a feature that is not known, or a value that is not `supported`
 * @see PROTOCOL.md "Table Features"
 */
export function splitFeatures(properties: Readonly<Record<string, string>>): SplitProperties {
  const configuration = new Map<string, string>();
  const features: string[] = [];
  for (const [name, value] of Object.entries(properties)) {
    if (!name.startsWith(PREFIX)) {
      configuration.set(name, value);
      continue;
    }
    if (value.toLowerCase() !== 'supported') {
      throw new InvalidArgumentError({
        message: `the table property ${name} cannot be ${JSON.stringify(value)}`,
        option: name,
        expected: 'supported',
      });
    }
    features.push(knownFeature(name.slice(PREFIX.length), name));
  }
  return { configuration, features };
}

/**
 * The name of a feature, as the protocol spells it.
 * @param option - where the caller named it, for the error
 * @throws InvalidArgumentError when there is none of that name
 */
export function knownFeature(name: string, option: string): string {
  const wanted = name.toLowerCase();
  const found =
    tableFeature(name) ?? TABLE_FEATURES.find((feature) => feature.name.toLowerCase() === wanted);
  if (found !== undefined) return found.name;
  throw new InvalidArgumentError({
    message: `there is no table feature of the name ${name}`,
    option,
    expected: 'a feature of the delta protocol, for example inCommitTimestamp',
  });
}
