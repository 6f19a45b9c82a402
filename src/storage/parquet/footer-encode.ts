/** The end of a Parquet file. */
import { PARQUET_MAGIC } from './footer.js';
import { type ThriftField, type ThriftStruct, thriftType } from './thrift.js';
import { encodeThrift } from './thrift-encode.js';

/** A footer as it ends a file: its Thrift bytes, their length, the magic. */
export function encodeFooter(fileMetaData: ThriftStruct): Uint8Array {
  const thrift = encodeThrift(fileMetaData);
  const bytes = new Uint8Array(thrift.length + 4 + PARQUET_MAGIC.length);
  bytes.set(thrift);
  new DataView(bytes.buffer).setUint32(thrift.length, thrift.length, true);
  bytes.set(PARQUET_MAGIC, thrift.length + 4);
  return bytes;
}

/** A count or offset as an i64 field. */
export function longField(id: number, value: number): ThriftField {
  return { id, type: thriftType.i64, value: BigInt(value) };
}

export function intField(id: number, value: number): ThriftField {
  return { id, type: thriftType.i32, value };
}

export function structField(id: number, value: ThriftStruct): ThriftField {
  return { id, type: thriftType.struct, value };
}

export function structsField(id: number, values: readonly ThriftStruct[]): ThriftField {
  const value = { kind: 'list', elementType: thriftType.struct, values } as const;
  return { id, type: thriftType.list, value };
}
