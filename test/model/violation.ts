/** A rule that a history broke. */
export interface Violation {
  readonly rule: string;
  readonly detail: string;
}

export function broken(rule: string, op: string, detail: string): Violation {
  return { rule, detail: `${op}: ${detail}` };
}
