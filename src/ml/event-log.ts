/** The lake's table of events: opened or made on first use, appended to by any number of processes at once. */
import { DeltaTable, isVarveError, type OpenOptions, type Predicate } from '../index.js';
import { EVENT_SCHEMA, EVENTS, type EventRow, type NewEvent } from './event.js';

type EventTable = DeltaTable<typeof EVENT_SCHEMA>;

/** The events of one lake. */
export class EventLog {
  readonly #url: string;
  readonly #options: OpenOptions;
  #table: EventTable | undefined;

  /** @param lakeUrl - without a trailing slash */
  constructor(lakeUrl: string, options: OpenOptions) {
    this.#url = `${lakeUrl}/${EVENTS}`;
    this.#options = options;
  }

  /**
   * Writes the events in one commit. Appends never conflict; what was written twice because an outcome was unknown is
   * read once, by its id.
   */
  async append(events: readonly NewEvent[]): Promise<void> {
    if (events.length === 0) return;
    this.#table ??= await DeltaTable.create(this.#url, {
      schema: EVENT_SCHEMA,
      ifExists: 'open',
      description: 'experiments and runs, as events',
      ...this.#options,
    });
    await this.#table.append(events);
  }

  /** The events that meet the condition, each once, in the order of their times; none when nothing was ever written. */
  async read(where?: Predicate): Promise<readonly EventRow[]> {
    const table = await this.#open();
    if (table === undefined) return [];
    const snapshot = await table.snapshot();
    const scan = snapshot.scan(where === undefined ? {} : { where: where as Predicate<unknown> });
    const events = new Map<string, EventRow>();
    for await (const event of scan) events.set(event.event_id, event);
    return [...events.values()].sort((a, b) => a.at.getTime() - b.at.getTime());
  }

  async #open(): Promise<EventTable | undefined> {
    if (this.#table !== undefined) return this.#table;
    try {
      this.#table = await DeltaTable.open(this.#url, { schema: EVENT_SCHEMA, ...this.#options });
    } catch (error) {
      if (!isVarveError(error, 'NOT_FOUND')) throw error;
    }
    return this.#table;
  }
}
