import { describe, expect, it } from 'vitest';
import { decodeZ85 } from '../../../src/log/deletion-vector/z85.js';

describe('decodeZ85', () => {
  it("reads the example of the code's own specification", () => {
    const bytes = [0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b];
    expect([...(decodeZ85('HelloWorld') ?? [])]).toEqual(bytes);
  });

  it.each([
    ['a length that is no multiple of five', 'Hello1'],
    ['a character that is no digit', 'Hell"'],
    ['a character beyond ASCII', 'Hellé'],
    ['a number above 2^32', '#####'],
  ])('refuses %s', (_, text) => {
    expect(decodeZ85(text)).toBeUndefined();
  });
});
