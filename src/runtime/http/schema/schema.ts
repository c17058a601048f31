/**
 * What the runtime asks of a schema: the part of Standard Schema 1 (standardschema.dev) that routes need.
 * Zod, Valibot, ArkType and others fulfil it, so an application brings the library that it likes, or none.
 */

/** @typeParam Output what a handler gets. It may differ from what the client sent: a number for its text */
export interface Schema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Not there at run time. */
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
    /** Standard JSON Schema 1, for documents that describe the routes. */
    readonly jsonSchema?: {
      readonly input: (options: JsonSchemaOptions) => Record<string, unknown>;
      readonly output: (options: JsonSchemaOptions) => Record<string, unknown>;
    };
  };
}

export interface JsonSchemaOptions {
  /** 'draft-2020-12' is what OpenAPI 3.1 has. */
  readonly target: 'draft-2020-12' | 'draft-07' | 'openapi-3.0';
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  /** The keys that lead to the place, none for the whole value. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
