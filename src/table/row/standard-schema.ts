/**
 * The part of the Standard Schema specification that Varve reads (standardschema.dev), typed here so that no schema
 * library is in the published types. zod, valibot and arktype all satisfy it.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown, ...rest: never[]) => unknown;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

type TypesOf<S extends StandardSchema> = NonNullable<S['~standard']['types']>;

/** The type of a value that the schema accepts. */
export type SchemaInputOf<S extends StandardSchema> = TypesOf<S>['input'];

/** The type of a value that the schema has checked. */
export type SchemaOutputOf<S extends StandardSchema> = TypesOf<S>['output'];

/** Whether a value is a Standard Schema: by shape, since arktype's are functions and copies of a library differ. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard: unknown = Reflect.get(value, '~standard');
  return typeof standard === 'object' && standard !== null && 'vendor' in standard;
}
