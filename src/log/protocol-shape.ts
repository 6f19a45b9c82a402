/** Whether a protocol action is one the protocol allows, apart from what it asks for. */
import type { Protocol } from './actions.js';

/** The reader version whose needs are a list of features. */
export const READER_FEATURES_VERSION = 3;
/** The writer version whose needs are a list of features. */
export const WRITER_FEATURES_VERSION = 7;

export interface ProtocolProblem {
  readonly field: keyof Protocol;
  readonly message: string;
}

/**
 * What is wrong with a protocol as it was read, from a commit or a checkpoint: a list of features
 * is there exactly when its version is 3 (reader) or 7 (writer), and reader 3 needs writer 7. An
 * empty list beside a lower version says nothing and is let pass; versions beyond those are not
 * judged.
 * @see PROTOCOL.md "Protocol Evolution", "Table Features"
 */
export function protocolProblem(protocol: Protocol): ProtocolProblem | undefined {
  const { minReaderVersion, minWriterVersion, readerFeatures, writerFeatures } = protocol;
  if (minReaderVersion < 1) return problem('minReaderVersion', 'a reader version is below 1');
  if (minWriterVersion < 1) return problem('minWriterVersion', 'a writer version is below 1');
  if (minReaderVersion === READER_FEATURES_VERSION) {
    if (readerFeatures === undefined) {
      return problem('readerFeatures', 'a protocol of reader version 3 lacks its reader features');
    }
    if (minWriterVersion < WRITER_FEATURES_VERSION) {
      return problem('minWriterVersion', 'a protocol of reader version 3 has a writer below 7');
    }
  }
  if (minWriterVersion === WRITER_FEATURES_VERSION && writerFeatures === undefined) {
    return problem('writerFeatures', 'a protocol of writer version 7 lacks its writer features');
  }
  if (minReaderVersion < READER_FEATURES_VERSION && (readerFeatures ?? []).length > 0) {
    return problem('readerFeatures', 'a protocol below reader version 3 lists reader features');
  }
  if (minWriterVersion < WRITER_FEATURES_VERSION && (writerFeatures ?? []).length > 0) {
    return problem('writerFeatures', 'a protocol below writer version 7 lists writer features');
  }
  return undefined;
}

/** The protocol with its feature lists exactly when the versions ask for them. */
export function protocolLists(protocol: Protocol): Protocol {
  const { minReaderVersion, minWriterVersion, readerFeatures = [], writerFeatures = [] } = protocol;
  return {
    minReaderVersion,
    minWriterVersion,
    readerFeatures: minReaderVersion === READER_FEATURES_VERSION ? readerFeatures : undefined,
    writerFeatures: minWriterVersion === WRITER_FEATURES_VERSION ? writerFeatures : undefined,
  };
}

function problem(field: keyof Protocol, message: string): ProtocolProblem {
  return { field, message };
}
