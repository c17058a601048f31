/** The bytes are not a valid message. The connection that sent them is closed, and no other is affected. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code = 'EMBEDDED_DATABASE_PROTOCOL';
}
