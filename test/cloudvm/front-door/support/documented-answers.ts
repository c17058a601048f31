/**
 * Compares answers with the OpenAPI document: the status, the media type, the required header fields and the
 * JSON must be documented for the operation. The clients of the front-door tests hand every answer to it.
 */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { openApiDocument } from '../../../../src/cloudvm/documentation/openapi/document.ts';
import { DOCS_FILE_PATH } from '../../../../src/cloudvm/documentation/service-routes.ts';

export interface ObservedAnswer {
  readonly method: string;
  /** As it was sent, with its query. */
  readonly target: string;
  readonly status: number;
  /** By name in any case. */
  readonly header: (name: string) => string | null | undefined;
  readonly text: string;
}

interface DocumentedResponse {
  readonly $ref?: string;
  readonly headers?: Readonly<Record<string, { readonly required?: boolean }>>;
  readonly content?: Readonly<Record<string, unknown>>;
}

interface DocumentedOperation {
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
}

interface Found {
  /** JSON pointer into the document. */
  readonly pointer: string;
  readonly value: DocumentedResponse;
}

const NAME = 'openapi.json';
const DOCS_FILES = DOCS_FILE_PATH.replace(':file', '');
const TEMPLATE_PART = /\{\w+\}/g;
const DOCUMENT = openApiDocument();
const { paths: PATHS } = DOCUMENT as unknown as OpenApi;
/** A path without parameters goes first, as in the router. */
const TEMPLATES = Object.keys(PATHS)
  .sort((one, other) => Number(one.includes('{')) - Number(other.includes('{')))
  .map((template) => ({ template, pattern: new RegExp(`^${template.replace(TEMPLATE_PART, '[^/]+')}/?$`) }));

const ajv = documentValidator();
const validators = new Map<string, ValidateFunction>();

/** For the schemas of the document. */
export function documentValidator(): Ajv2020 {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true });
  ajv.addFormat('email', /^[^@\s]+@[^@\s]+$/);
  ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  ajv.addFormat('uri-reference', /^\S+$/);
  // The words of OpenAPI around the schemas are no keywords.
  ajv.addVocabulary(Object.keys(DOCUMENT));
  ajv.addSchema(DOCUMENT, NAME);
  return ajv;
}

/** @throws Error that names the request and what is not documented */
export function assertDocumented(answer: ObservedAnswer): void {
  const fault = faultOf(answer);
  if (fault === undefined) return;
  const { method, target, status, text } = answer;
  throw new Error(`${method} ${target} was answered with ${status}: ${fault}\n${text.slice(0, 2_000)}`);
}

function faultOf(answer: ObservedAnswer): string | undefined {
  const { method, target, status } = answer;
  // The parts of the page are no operations.
  if (target.startsWith(DOCS_FILES)) return undefined;
  if (method === 'OPTIONS') return status === 204 || status >= 400 ? undefined : 'OPTIONS is 204';
  const template = templateOf(target);
  const operation = template === undefined ? undefined : PATHS[template]?.[documentedMethod(method)];
  if (template === undefined || operation === undefined) {
    return status < 400 ? 'the document has no such operation' : faultOfJson(answer, schemaOf('Problem'));
  }
  const response = responseOf(template, documentedMethod(method), operation, status);
  return response === undefined ? 'the status is not documented' : faultOfResponse(answer, response);
}

function faultOfResponse(answer: ObservedAnswer, { pointer, value }: Found): string | undefined {
  for (const [name, { required = false }] of Object.entries(value.headers ?? {})) {
    if (required && typeof answer.header(name) !== 'string') return `the field ${name} is missing`;
  }
  const { content = {} } = value;
  const mediaType = answer.header('content-type')?.split(';')[0] ?? '';
  if (Object.keys(content).length === 0) return answer.text === '' ? undefined : 'it has content';
  if (!Object.hasOwn(content, mediaType)) return `the media type "${mediaType}" is not documented`;
  if (answer.method === 'HEAD' || !mediaType.endsWith('json')) return undefined;
  return faultOfJson(answer, `${pointer}/content/${pointerPart(mediaType)}/schema`);
}

function faultOfJson({ method, text }: ObservedAnswer, pointer: string): string | undefined {
  if (method === 'HEAD') return undefined;
  const validate = validators.get(pointer) ?? ajv.compile({ $ref: `${NAME}#${pointer}` });
  validators.set(pointer, validate);
  return validate(JSON.parse(text)) ? undefined : ajv.errorsText(validate.errors, { dataVar: 'the JSON' });
}

function templateOf(target: string): string | undefined {
  const path = target.split('?')[0] ?? '';
  return TEMPLATES.find(({ pattern }) => pattern.test(path))?.template;
}

/** HEAD is answered as GET is, without the content. */
function documentedMethod(method: string): string {
  return method === 'HEAD' ? 'get' : method.toLowerCase();
}

function responseOf(
  template: string,
  method: string,
  { responses }: DocumentedOperation,
  status: number,
): Found | undefined {
  const value = responses[status];
  if (value === undefined) return undefined;
  if (value.$ref === undefined) {
    return { pointer: `/paths/${pointerPart(template)}/${method}/responses/${status}`, value };
  }
  const pointer = value.$ref.slice(1);
  return { pointer, value: resolve(pointer) };
}

function resolve(pointer: string): DocumentedResponse {
  let value: unknown = DOCUMENT;
  for (const part of pointer.split('/').slice(1)) value = (value as Record<string, unknown>)[part];
  return value as DocumentedResponse;
}

function schemaOf(name: string): string {
  return `/components/schemas/${name}`;
}

function pointerPart(text: string): string {
  return encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'));
}
