/** What a wrong column name may have meant. */
import type { StructType } from '../../log/schema/types.js';

const MAX_NEAR = 3;
const MAX_LISTED = 20;
/** Longer names are listed, not compared. */
const MAX_COMPARED = 64;

/** `did you mean "status"?`, or, when no name is near, the first names there are. */
export function nearNames(struct: StructType, name: string): string {
  const dot = name.indexOf('.');
  const outer = struct.fields.find((field) => field.name === name.slice(0, dot));
  if (dot > 0 && outer !== undefined && typeof outer.type !== 'string') {
    return `a field of ${outer.name} is named by an array, ${JSON.stringify(name.split('.'))}`;
  }
  const near = struct.fields
    .map((field) => ({ name: field.name, distance: distance(field.name, name) }))
    .filter((candidate) => candidate.distance <= Math.max(1, Math.floor(name.length / 3)))
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, MAX_NEAR);
  if (near.length > 0) {
    return `did you mean ${near.map((candidate) => JSON.stringify(candidate.name)).join(' or ')}?`;
  }
  const names = struct.fields.slice(0, MAX_LISTED).map((field) => field.name);
  return `it has ${names.join(', ')}${struct.fields.length > MAX_LISTED ? ', …' : ''}`;
}

/** Characters to insert, remove or replace, upper and lower case being one. */
function distance(a: string, b: string): number {
  if (a.length > MAX_COMPARED || b.length > MAX_COMPARED) return Number.POSITIVE_INFINITY;
  const left = a.toLowerCase();
  const right = b.toLowerCase();
  let row = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
