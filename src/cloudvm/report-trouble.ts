import type { RequestIdentity } from '../runtime/application.ts';

/**
 * Tells the operator what a client does not learn.
 * @param identity of the request that has met it, if there is one
 */
export type ReportTrouble = (error: unknown, identity?: RequestIdentity) => void;
