/** What formats log lines, for those who `require` it when they need it. */
import * as pinoPretty from 'pino-pretty';

export { pinoPretty as 'module.exports' };
