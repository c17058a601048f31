/** What the routes of operations take and answer. */
import { endpoint } from '../contract/endpoint.ts';
import { OperationPageSchema, OperationSchema, operationQuery } from './operation-schema.ts';

export const listVmOperations = endpoint({
  group: 'Operations',
  summary: 'List the operations of a VM',
  query: operationQuery,
  success: {
    status: 200,
    description: 'A page of operations, the newest first.',
    schema: OperationPageSchema,
  },
  problems: ['not-found', 'unprocessable-content'],
});

export const getOperation = endpoint({
  group: 'Operations',
  summary: 'Read an operation',
  success: {
    status: 200,
    description: 'The operation.',
    schema: OperationSchema,
    headers: { 'Retry-After': 'Only while it goes on: the seconds after which to ask again.' },
  },
  problems: ['not-found'],
});
