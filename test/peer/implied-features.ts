/** What a protocol action says about versions and features. */
interface Protocol {
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  readonly readerFeatures?: readonly string[] | undefined;
  readonly writerFeatures?: readonly string[] | undefined;
}

/** The features that each writer version below 7 brought; a version implies those of the ones before it. */
const BROUGHT_BY_WRITER: readonly (readonly [version: number, features: readonly string[]])[] = [
  [2, ['appendOnly', 'invariants']],
  [3, ['checkConstraints']],
  [4, ['changeDataFeed', 'generatedColumns']],
  [5, ['columnMapping']],
  [6, ['identityColumns']],
];

/** The names of all features of a table, with those that its legacy versions imply, sorted. */
export function impliedFeatures(protocol: Protocol): readonly string[] {
  const { minReaderVersion, minWriterVersion } = protocol;
  const byWriter = BROUGHT_BY_WRITER.filter(
    ([version]) => minWriterVersion < 7 && version <= minWriterVersion,
  ).flatMap(([, features]) => features);
  const byReader = minReaderVersion === 2 ? ['columnMapping'] : [];
  const named = [...(protocol.readerFeatures ?? []), ...(protocol.writerFeatures ?? [])];
  return [...new Set([...byWriter, ...byReader, ...named])].toSorted();
}
