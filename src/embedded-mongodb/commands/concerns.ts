/**
 * Checks the read concern and the write concern of a command. Every write is durable before its reply, and
 * every read sees it, so whatever a standalone server can promise holds. A concern that needs other servers
 * is refused with the error of a standalone MongoDB.
 */
import { type BsonDocument, isDocument, isNumber, toNumber, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { refuseUnknownFields } from './fields.ts';

const READ_CONCERN_FIELDS: ReadonlySet<string> = new Set([
  'level',
  'afterClusterTime',
  'afterOpTime',
  'atClusterTime',
  'provenance',
]);
const LEVELS: ReadonlySet<string> = new Set(['local', 'available', 'majority']);
const REPLICATED_LEVELS: ReadonlySet<string> = new Set(['linearizable', 'snapshot']);
const TIMES = ['afterClusterTime', 'afterOpTime', 'atClusterTime'] as const;

const WRITE_CONCERN_FIELDS: ReadonlySet<string> = new Set(['w', 'j', 'wtimeout', 'fsync', 'provenance']);
/** The members of a replica set. */
const MAX_NODES = 50;

/** @throws CommandError for a concern that is malformed, or that one server alone cannot meet */
export function assertConcerns(command: BsonDocument): void {
  if (command['readConcern'] !== undefined) assertReadConcern(command['readConcern']);
  if (command['writeConcern'] !== undefined) assertWriteConcern(command['writeConcern']);
}

function assertReadConcern(concern: Value): void {
  if (!isDocument(concern)) throw wrongType('readConcern');
  refuseUnknownFields('readConcern', concern, READ_CONCERN_FIELDS);
  const { level } = concern;
  if (level !== undefined) assertLevel(level);
  if (TIMES.some((time) => concern[time] !== undefined)) throw needsReplicaSet('read concern');
}

function assertLevel(level: Value): void {
  if (typeof level !== 'string') throw wrongType('readConcern.level');
  if (REPLICATED_LEVELS.has(level)) throw needsReplicaSet(`readConcern: ${level}`);
  if (LEVELS.has(level)) return;
  const message = `Enumeration value '${level.slice(0, 100)}' for field 'readConcern.level' is not a valid value.`;
  throw new CommandError('BadValue', message);
}

function assertWriteConcern(concern: Value): void {
  if (!isDocument(concern)) throw wrongType('writeConcern');
  refuseUnknownFields('writeConcern', concern, WRITE_CONCERN_FIELDS);
  for (const name of ['j', 'fsync']) {
    const value = concern[name];
    if (value !== undefined && typeof value !== 'boolean' && !isNumber(value))
      throw wrongType(`writeConcern.${name}`);
  }
  if (concern['wtimeout'] !== undefined && !isNumber(concern['wtimeout']))
    throw wrongType('writeConcern.wtimeout');
  if (concern['w'] !== undefined) assertAcknowledgement(concern['w']);
}

function assertAcknowledgement(w: Value): void {
  if (isNumber(w)) {
    const nodes = toNumber(w);
    if (!(nodes >= 0 && nodes <= MAX_NODES)) {
      const message = `w has to be a non-negative number and not greater than ${MAX_NODES}; found: ${nodes}`;
      throw new CommandError('FailedToParse', message);
    }
    if (nodes > 1) throw new CommandError('BadValue', "cannot use 'w' > 1 when a host is not replicated");
  } else if (w !== 'majority') {
    if (typeof w !== 'string' && !isDocument(w)) throw wrongType('writeConcern.w');
    const mode = typeof w === 'string' ? `"${w.slice(0, 100)}"` : 'by tags';
    const message = `cannot use non-majority 'w' mode ${mode} when a host is not a member of a replica set`;
    throw new CommandError('BadValue', message);
  }
}

function needsReplicaSet(what: string): CommandError {
  return new CommandError('NotAReplicaSet', `node needs to be a replica set member to use ${what}`);
}

function wrongType(field: string): CommandError {
  return new CommandError('TypeMismatch', `BSON field '${field}' has the wrong type`);
}
