import type { CloudtrailOperations, Event, LookupEventsRequest } from '../../model/gen/cloudtrail.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import type { TrailEvent } from './event.ts';
import { fault } from './fault.ts';
import { layout, RETENTION_MS } from './layout.ts';

const DEFAULT_RESULTS = 50;

type EventKey = readonly [atMs: number, eventId: string];

/** The event history of an account in a region: its management events of the last 90 days, the latest first. */
export const lookups = {
  /** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html */
  async LookupEvents(input, ctx) {
    const { MaxResults: most = DEFAULT_RESULTS, LookupAttributes: attributes = [] } = input;
    if (attributes.length > 1)
      throw fault('InvalidLookupAttributesException', 'You can specify only one lookup attribute.');
    const nowMs = ctx.world.clock.now();
    const startMs = Math.max(input.StartTime?.getTime() ?? 0, nowMs - RETENTION_MS);
    const endMs = input.EndTime?.getTime() ?? nowMs;
    if (input.StartTime !== undefined && input.StartTime.getTime() > endMs)
      throw fault('InvalidTimeRangeException', 'The start time is after the end time.');
    // Insights are events of their own kind, and no trail here makes any.
    if (input.EventCategory === 'insight') return { Events: [] };
    await ctx.ports.audit.flush();
    const from: EventKey =
      input.NextToken === undefined ? [endMs + 1, ''] : readToken(input.NextToken, input);
    const keys = await keysBefore(ctx.store, ctx, attributes[0], from, most + 1);
    const wanted = keys.filter(([atMs]) => atMs >= startMs);
    const { events } = layout.at(ctx.account, ctx.region);
    const found = await Promise.all(
      wanted.slice(0, most).map(async (key) => {
        const event = await events.get(ctx.store, [...key]);
        return event === undefined ? [] : [shownEvent(event, key)];
      }),
    );
    const last = wanted[most - 1];
    return {
      Events: found.flat(),
      NextToken: wanted.length > most && last !== undefined ? writeToken(last, input) : undefined,
    };
  },
} satisfies Group<CloudtrailOperations>;

type Attribute = NonNullable<LookupEventsRequest['LookupAttributes']>[number];

async function keysBefore(
  reader: Reader,
  { account, region }: { readonly account: string; readonly region: string },
  attribute: Attribute | undefined,
  [atMs, eventId]: EventKey,
  limit: number,
): Promise<readonly EventKey[]> {
  const { events, lookup } = layout.at(account, region);
  if (attribute === undefined) {
    const page = await events.page(reader, [], { limit, reverse: true, after: [atMs, eventId] });
    return page.rows.map(({ key }) => key);
  }
  const { AttributeKey: name, AttributeValue: value } = attribute;
  const page = await lookup.page(reader, [name, value], {
    limit,
    reverse: true,
    after: [name, value, atMs, eventId],
  });
  return page.rows.map(({ key }) => [key[2], key[3]]);
}

function shownEvent({ record, userName, resources }: TrailEvent, [atMs]: EventKey): Event {
  const accessKeyId = record.userIdentity['accessKeyId'];
  return {
    EventId: record.eventID,
    EventName: record.eventName,
    ReadOnly: String(record.readOnly),
    AccessKeyId: typeof accessKeyId === 'string' ? accessKeyId : undefined,
    EventTime: new Date(Math.floor(atMs / 1000) * 1000),
    EventSource: record.eventSource,
    Username: userName,
    Resources: resources.map(({ type, name }) => ({ ResourceType: type, ResourceName: name })),
    CloudTrailEvent: JSON.stringify(record),
  };
}

/** What a token was given for; it goes on only where that is asked again. */
function question({ LookupAttributes, StartTime, EndTime }: LookupEventsRequest): string {
  return JSON.stringify([LookupAttributes, StartTime?.getTime(), EndTime?.getTime()]);
}

function writeToken(key: EventKey, input: LookupEventsRequest): string {
  return Buffer.from(JSON.stringify([...key, question(input)])).toString('base64');
}

function readToken(token: string, input: LookupEventsRequest): EventKey {
  try {
    const [atMs, eventId, asked] = JSON.parse(Buffer.from(token, 'base64').toString()) as unknown[];
    if (typeof atMs === 'number' && typeof eventId === 'string' && asked === question(input))
      return [atMs, eventId];
  } catch {
    // Said below, as for any other token that is not ours.
  }
  throw fault(
    'InvalidNextTokenException',
    'The token is not valid, or it was given for a request with other parameters.',
  );
}
