/**
 * A variant as the canonical form has it: the text that Spark's `to_json` gives, read and written again
 * by Python with sorted keys. Decodes Parquet's "Variant Binary Encoding" by itself.
 */

/** The JSON text of a variant. */
export function variantJson(metadata: Buffer, value: Buffer): string {
  return textAt(value, namesOf(metadata));
}

function namesOf(metadata: Buffer): string[] {
  const head = metadata.readUInt8(0);
  if ((head & 15) !== 1) throw new TypeError(`variant metadata of version ${head & 15}`);
  const width = (head >> 6) + 1;
  const count = metadata.readUIntLE(1, width);
  const offsets = Array.from({ length: count + 1 }, (_, at) =>
    metadata.readUIntLE(1 + width * (at + 1), width),
  );
  const text = metadata.subarray(1 + width * (count + 2));
  return offsets.slice(1).map((end, at) => text.toString('utf8', offsets[at], end));
}

function textAt(value: Buffer, names: readonly string[]): string {
  const head = value.readUInt8(0);
  const high = head >> 2;
  switch (head & 3) {
    case 0:
      return primitiveText(high, value.subarray(1));
    case 1:
      return JSON.stringify(value.toString('utf8', 1, 1 + high));
    case 2: {
      const idBytes = ((high >> 2) & 3) + 1;
      const parts = membersOf(value, {
        isLarge: (high & 16) !== 0,
        width: (high & 3) + 1,
        idBytes,
      });
      const entries = parts.map(({ id, member }): [string, string] => [
        names[id] ?? `field ${id}`,
        textAt(member, names),
      ]);
      entries.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      return `{${entries.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join()}}`;
    }
    default: {
      const parts = membersOf(value, {
        isLarge: (high & 4) !== 0,
        width: (high & 3) + 1,
        idBytes: 0,
      });
      return `[${parts.map(({ member }) => textAt(member, names)).join()}]`;
    }
  }
}

interface Head {
  readonly isLarge: boolean;
  readonly width: number;
  readonly idBytes: number;
}

function membersOf(value: Buffer, head: Head): { readonly id: number; readonly member: Buffer }[] {
  const { isLarge, width, idBytes } = head;
  const countBytes = isLarge ? 4 : 1;
  const count = value.readUIntLE(1, countBytes);
  const ids = 1 + countBytes;
  const offsets = ids + count * idBytes;
  const start = offsets + (count + 1) * width;
  return Array.from({ length: count }, (_, at) => ({
    id: idBytes === 0 ? at : value.readUIntLE(ids + at * idBytes, idBytes),
    member: value.subarray(start + value.readUIntLE(offsets + at * width, width)),
  }));
}

function primitiveText(type: number, bytes: Buffer): string {
  switch (type) {
    case 0:
      return 'null';
    case 1:
    case 2:
      return String(type === 1);
    case 3:
    case 4:
    case 5:
      return String(bytes.readIntLE(0, 2 ** (type - 3)));
    case 6:
      return String(bytes.readBigInt64LE());
    case 7:
      return floatingText(bytes.readDoubleLE());
    case 14:
      return floatingText(shortest(bytes.readFloatLE()));
    case 8:
      return decimalText(BigInt(bytes.readInt32LE(1)), bytes.readUInt8(0));
    case 9:
      return decimalText(bytes.readBigInt64LE(1), bytes.readUInt8(0));
    case 10:
      return decimalText(
        (bytes.readBigInt64LE(9) << 64n) | bytes.readBigUInt64LE(1),
        bytes.readUInt8(0),
      );
    case 15:
      return `"${bytes.toString('base64', 4, 4 + bytes.readUInt32LE())}"`;
    case 16:
      return JSON.stringify(bytes.toString('utf8', 4, 4 + bytes.readUInt32LE()));
    case 20:
      return `"${bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/u, '$1-$2-$3-$4-')}"`;
    default:
      return `"${timeText(type, bytes)}"`;
  }
}

const DAY_MICROS = 86_400_000_000n;

function timeText(type: number, bytes: Buffer): string {
  if (type === 11) return dayText(bytes.readInt32LE());
  const count = bytes.readBigInt64LE();
  const perMicro = type >= 18 ? 1000n : 1n;
  const perDay = DAY_MICROS * perMicro;
  const rest = ((count % perDay) + perDay) % perDay;
  const time = clockText(rest, type >= 18 ? 9 : 6);
  if (type === 17) return time;
  const zone = type === 12 || type === 18 ? '+00:00' : '';
  return `${dayText(Number((count - rest) / perDay))} ${time}${zone}`;
}

function dayText(days: number): string {
  return new Date(days * 86_400_000).toISOString().split('T')[0] ?? '';
}

function clockText(count: bigint, digits: number): string {
  const perSecond = 10n ** BigInt(digits);
  const seconds = Number(count / perSecond);
  const fraction = String(count % perSecond)
    .padStart(digits, '0')
    .replace(/0+$/u, '');
  const time = new Date(seconds * 1000).toISOString().slice(11, 19);
  return fraction === '' ? time : `${time}.${fraction}`;
}

/** Spark leaves out zeros at the end; Python then reads what has a point as a double. */
function decimalText(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : '';
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/u, '');
  if (fraction === '') return unscaled === 0n ? '0' : `${sign}${whole}`;
  return floatingText(Number(`${sign}${whole}.${fraction}`));
}

/** The double whose text is the shortest of a float. */
function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Object.is(Math.fround(short), value)) return short;
  }
  return value;
}

/** A double as Python's `repr` has it; what is no number is text. */
function floatingText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa = '', power = '0'] = Math.abs(value).toExponential().split('e');
  const sign = value < 0 ? '-' : '';
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const shown = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${shown}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}
