/** What the stream of events takes and answers. */
import { endpoint } from '../contract/endpoint.ts';

export const streamEvents = endpoint({
  group: 'Events',
  summary: 'Follow every change of your VMs, snapshots and operations',
  description:
    'Server-sent events. `event` is `vm`, `vm-deleted`, `snapshot`, `snapshot-deleted` or `operation`, and `data` is the resource as JSON, or `{"id": …}` of what was deleted. After a broken connection, send the last `id` that you have seen as `Last-Event-ID`: the stream goes on from there. Comments come from time to time while nothing happens.',
  fields: ['Last-Event-ID'],
  success: { status: 200, description: 'The stream.', contentType: 'text/event-stream' },
  problems: ['bad-request', 'too-many-streams'],
});
