import { gzipSync } from 'node:zlib';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Transaction } from '../../store/store.ts';
import { parsePattern } from './filter-pattern.ts';
import { groupArn } from './group.ts';
import { layout } from './layout.ts';
import { patternValues } from './pattern-value.ts';
import { eventId } from './position.ts';

/** Events that were just written, for whoever wants to hear of them. */
interface Written {
  readonly group: string;
  readonly groupId: string;
  readonly stream: string;
  readonly streamId: string;
  readonly runs: readonly (readonly [firstMs: number, sequence: number])[];
}

export interface Delivery extends Written {
  /** The subscription filter. */
  readonly filter: string;
}

interface Event {
  readonly id: string;
  readonly timestamp: number;
  readonly message: string;
  readonly extractedFields?: Readonly<Record<string, string>>;
}

/** What an asynchronous invocation takes. */
const MOST_PAYLOAD_BYTES = 1024 * 1024;
/** Functions are permitted to either: new policies name the first, old ones the region's. */
const PRINCIPALS = (region: string) => ['logs.amazonaws.com', `logs.${region}.amazonaws.com`];

/** Writes a job for each subscription of a group, in the transaction that writes the events; a stream's go in order. */
export async function tellSubscribers(tx: Transaction, ctx: Context, written: Written): Promise<void> {
  const { subscriptions } = layout.at(ctx.account, ctx.region);
  for (const { key } of await subscriptions.all(tx, [written.groupId])) {
    const payload: Delivery = { ...written, filter: key[1] };
    ctx.enqueue(tx, { kind: 'subscribe', payload, shard: `logs/${written.streamId}/${key[1]}` });
  }
}

/** Hands the events a subscription wants to its function. */
export async function deliverToSubscriber(delivery: Delivery, ctx: Context): Promise<void> {
  const { subscriptions, runs } = layout.at(ctx.account, ctx.region);
  const filter = await subscriptions.get(ctx.store, [delivery.groupId, delivery.filter]);
  if (filter === undefined) return;
  const matches = parsePattern(filter.pattern);
  const valuesOf = filter.pattern.trim().startsWith('[') ? patternValues(filter.pattern) : undefined;
  const events: Event[] = [];
  for (const [firstMs, sequence] of delivery.runs) {
    const run = await runs.get(ctx.store, [delivery.streamId, firstMs, sequence]);
    for (const [index, [timestamp, message]] of (run?.events ?? []).entries()) {
      if (!matches(message)) continue;
      const id = eventId(delivery.streamId, { timestampMs: timestamp, sequence, index });
      const values = valuesOf?.(message);
      const extracted = values && { extractedFields: withoutSigns(values) };
      events.push({ id, timestamp, message, ...extracted });
    }
  }
  if (events.length > 0) await send(ctx, delivery, filter.destinationArn, events);
}

function withoutSigns(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name.slice(1), value]));
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample */
async function send(
  ctx: Context,
  delivery: Delivery,
  destinationArn: string,
  events: readonly Event[],
): Promise<void> {
  const data = gzipSync(
    JSON.stringify({
      messageType: 'DATA_MESSAGE',
      owner: ctx.account,
      logGroup: delivery.group,
      logStream: delivery.stream,
      subscriptionFilters: [delivery.filter],
      logEvents: events,
    }),
  ).toString('base64');
  const payload = Buffer.from(JSON.stringify({ awslogs: { data } }));
  if (payload.length > MOST_PAYLOAD_BYTES && events.length > 1) {
    const middle = Math.ceil(events.length / 2);
    await send(ctx, delivery, destinationArn, events.slice(0, middle));
    await send(ctx, delivery, destinationArn, events.slice(middle));
    return;
  }
  try {
    await invoke(ctx, delivery.group, destinationArn, 'Event', payload);
  } catch (error) {
    // A refusal loses the events, as on AWS; anything else runs the job again.
    if (!Fault.is(error) || error.code === 'TooManyRequestsException') throw error;
    ctx.log('warn', `events of ${delivery.group} were not delivered to ${destinationArn}`, {
      error: error.code,
      message: error.message,
    });
  }
}

/** Invokes a function for a group; `DryRun` tells whether it may be. Throws the refusal. */
export async function invoke(
  ctx: Context,
  group: string,
  functionArn: string,
  InvocationType: 'Event' | 'DryRun',
  Payload?: Uint8Array,
): Promise<void> {
  let refusal: unknown;
  for (const service of PRINCIPALS(ctx.region)) {
    try {
      await ctx.call(
        'lambda',
        'Invoke',
        { FunctionName: functionArn, InvocationType, ...(Payload === undefined ? {} : { Payload }) },
        { as: { service, sourceArn: `${groupArn(ctx, group)}:*`, account: ctx.account } },
      );
      return;
    } catch (error) {
      if (!Fault.is(error) || !error.code.startsWith('AccessDenied')) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}
