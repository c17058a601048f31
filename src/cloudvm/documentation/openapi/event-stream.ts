/** How the document describes server-sent events, for which OpenAPI 3.1 has no word of its own. */
import Type from 'typebox';
import { EVENT_SCHEMAS } from '../../events/event-schema.ts';

const EXAMPLE =
  'id: 66a1f0c2e4b0a1b2c3d4e5f9\nevent: vm-deleted\ndata: {"id":"66a1f0c2e4b0a1b2c3d4e5f6"}\n\n';

export const EventSchema = Type.Union(
  Object.entries(EVENT_SCHEMAS).map(([name, data]) =>
    Type.Object({ event: Type.Literal(name), id: Type.String(), data }, { title: name }),
  ),
  { description: 'An event: its fields, with `data` parsed.' },
);

/** The text of the stream. `contentSchema` tells what it is once it is parsed. */
export const EventStreamSchema = Type.Unsafe<string>({
  type: 'string',
  contentMediaType: 'text/event-stream',
  contentSchema: { type: 'array', items: EventSchema },
  examples: [EXAMPLE],
});
