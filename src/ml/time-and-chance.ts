/** Where a tracker has the time and its ids from. */
import {
  type Clock,
  type Entropy,
  type OpenOptions,
  systemClock,
  systemEntropy,
} from '../index.js';

/** Those of the storage that the lake lies in, as for its tables; the machine's own when it brings none. */
export function timeAndChance(
  lake: string,
  { storage = [] }: OpenOptions,
): { readonly clock: Clock; readonly entropy: Entropy } {
  const providers = 'open' in storage ? [storage] : storage;
  const scheme = URL.canParse(lake) ? new URL(lake).protocol.slice(0, -1) : '';
  const provider = providers.find(({ schemes }) => schemes.includes(scheme));
  return {
    clock: provider?.clock ?? systemClock,
    entropy: provider?.entropy ?? systemEntropy,
  };
}
