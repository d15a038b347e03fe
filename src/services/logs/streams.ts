import type { LogStream, LogsOperations } from '../../model/gen/logs.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault, groupNameOf, readGroup, readStream, streamArn } from './group.ts';
import { layout, type StreamRow } from './layout.ts';
import { invalidToken, sealToken, unsealToken } from './token.ts';

const MOST_STREAMS = 50;

function describeStream(ctx: Context, group: string, name: string, stream: StreamRow): LogStream {
  return {
    logStreamName: name,
    creationTime: stream.createdAtMs,
    firstEventTimestamp: stream.firstEventMs,
    lastEventTimestamp: stream.lastEventMs,
    lastIngestionTime: stream.lastIngestionMs,
    // A stream that has taken nothing has none.
    uploadSequenceToken: stream.lastIngestionMs === undefined ? undefined : sequenceToken(stream),
    arn: streamArn(ctx, group, name),
    // AWS stopped counting by stream in 2019.
    storedBytes: 0,
  };
}

/** Answered for old clients, and never asked for. */
export function sequenceToken(stream: StreamRow): string {
  return String(stream.nextSequence).padStart(56, '4959');
}

export const streams = {
  async CreateLogStream(input, ctx) {
    const { streams: rows } = layout.at(ctx.account, ctx.region);
    const stream: StreamRow = {
      id: ctx.world.random.uuid(),
      createdAtMs: ctx.world.clock.now(),
      nextSequence: 0,
      storedBytes: 0,
    };
    await ctx.transact(async (tx) => {
      const group = await readGroup(tx, ctx, input.logGroupName);
      if ((await rows.get(tx, [group.id, input.logStreamName])) !== undefined) {
        throw fault('ResourceAlreadyExistsException', 'The specified log stream already exists');
      }
      rows.set(tx, [group.id, input.logStreamName], stream);
    });
    return {};
  },

  async DeleteLogStream(input, ctx) {
    const { streams: rows } = layout.at(ctx.account, ctx.region);
    await ctx.transact(async (tx) => {
      const group = await readGroup(tx, ctx, input.logGroupName);
      const stream = await readStream(tx, ctx, group, input.logStreamName);
      rows.delete(tx, [group.id, input.logStreamName]);
      ctx.enqueue(tx, { kind: 'purge-stream', payload: { streamId: stream.id } });
    });
    return {};
  },

  async DescribeLogStreams(input, ctx) {
    const groupName = groupNameOf(input, ctx);
    const { logStreamNamePrefix: prefix = '', orderBy = 'LogStreamName', descending = false } = input;
    if (orderBy === 'LastEventTime' && prefix !== '') {
      throw fault('InvalidParameterException', 'Cannot order by LastEventTime with a logStreamNamePrefix.');
    }
    const { streams: rows } = layout.at(ctx.account, ctx.region);
    const group = await readGroup(ctx.store, ctx, groupName);
    const all = (await rows.all(ctx.store, [group.id]))
      .map(({ key, value }) => ({ name: key[1], stream: value }))
      .filter(({ name }) => name.startsWith(prefix));
    if (orderBy === 'LastEventTime') {
      all.sort((a, b) => (a.stream.lastEventMs ?? 0) - (b.stream.lastEventMs ?? 0));
    }
    if (descending) all.reverse();
    let from = 0;
    if (input.nextToken !== undefined) {
      const last = unsealToken(input.nextToken);
      from = all.findIndex(({ name }) => name === last) + 1;
      if (from === 0) throw invalidToken();
    }
    const page = all.slice(from, from + (input.limit ?? MOST_STREAMS));
    const last = page.at(-1);
    return {
      logStreams: page.map(({ name, stream }) => describeStream(ctx, groupName, name, stream)),
      nextToken: last !== undefined && from + page.length < all.length ? sealToken(last.name) : undefined,
    };
  },
} satisfies Group<LogsOperations>;
