import type { SqsOperations } from '../../model/gen/sqs.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { boundAttributes, firstDifference, newAttributes } from './attribute.ts';
import { rowsOf } from './content.ts';
import { checkRedrive, sourcesOf } from './dead-letter.ts';
import { fault } from './fault.ts';
import { layout, type QueueRow } from './layout.ts';
import { checkName, noteKey, type QueueName, queueOfUrl, queueUrl, readQueue } from './queue.ts';
import { checkTags } from './tag.ts';

const MOST_LISTED = 1000;
const PURGE_PAUSE_MS = 60_000;
/** The name of a deleted queue is nobody's for so long. */
const NAME_PAUSE_MS = 60_000;
const SECRET_BYTES = 32;

type Attributes = Readonly<Record<string, string>>;

function newQueue(ctx: Context, attributes: Attributes, tags: Attributes): QueueRow {
  const { random, clock } = ctx.world;
  const nowMs = Math.floor(clock.now());
  return {
    id: random.uuid(),
    contentId: random.uuid(),
    fifo: attributes['FifoQueue'] === 'true',
    createdAtMs: nowMs,
    modifiedAtMs: nowMs,
    secret: Buffer.from(random.bytes(SECRET_BYTES)).toString('base64'),
    attributes,
    tags,
  };
}

export interface FreedName {
  readonly name: string;
  readonly deletedAtMs: number;
}

/** The name of a deleted queue may be used again, which needs no row to say so. */
export async function freeName({ name, deletedAtMs }: FreedName, ctx: Context): Promise<void> {
  const { deletions } = layout.at(ctx.account, ctx.region);
  await ctx.transact(async (tx) => {
    if ((await deletions.get(tx, [name])) === deletedAtMs) deletions.delete(tx, [name]);
  });
}

export const queues = {
  async CreateQueue(input, ctx) {
    const given = await boundAttributes((input.Attributes ?? {}) as Attributes, ctx.account, ctx);
    const attributes = newAttributes(given);
    checkName(input.QueueName, attributes['FifoQueue'] === 'true');
    noteKey(ctx, given);
    const tags = (input.tags ?? {}) as Attributes;
    checkTags(tags);
    const name: QueueName = { account: ctx.account, region: ctx.region, name: input.QueueName };
    const queue = newQueue(ctx, attributes, tags);
    const rows = rowsOf(name);
    await ctx.transact(async (tx) => {
      const existing = await rows.queues.get(tx, [name.name]);
      if (existing !== undefined) {
        const different = firstDifference(existing.attributes, given);
        if (different === undefined) return;
        throw fault(
          'QueueNameExists',
          `A queue already exists with the same name and a different value for attribute ${different}`,
        );
      }
      await checkRedrive(tx, name, attributes);
      const deletedAtMs = await rows.deletions.get(tx, [name.name]);
      if (deletedAtMs !== undefined && queue.createdAtMs < deletedAtMs + NAME_PAUSE_MS) {
        throw fault(
          'QueueDeletedRecently',
          'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
        );
      }
      rows.queues.set(tx, [name.name], queue);
    });
    return { QueueUrl: queueUrl(ctx, name) };
  },

  async GetQueueUrl(input, ctx) {
    const account = input.QueueOwnerAWSAccountId ?? ctx.account;
    const name: QueueName = { account, region: ctx.region, name: input.QueueName };
    await readQueue(ctx.store, name);
    return { QueueUrl: queueUrl(ctx, name) };
  },

  async ListQueues(input, ctx) {
    const { QueueNamePrefix: prefix = '', MaxResults: most, NextToken: token } = input;
    if (most !== undefined && (most < 1 || most > MOST_LISTED)) {
      throw fault('InvalidParameterValue', `MaxResults must be an integer between 1 and ${MOST_LISTED}.`);
    }
    const limit = most ?? MOST_LISTED;
    const { queues: rows } = layout.at(ctx.account, ctx.region);
    let after = token === undefined ? undefined : Buffer.from(token, 'base64url').toString();
    const names: string[] = [];
    for (let more = true; more && names.length <= limit; ) {
      const page = await rows.page(ctx.store, [], after === undefined ? {} : { after: [after] });
      for (const { key } of page.rows) if (key[0].startsWith(prefix)) names.push(key[0]);
      after = page.next?.[0];
      more = after !== undefined;
    }
    const shown = names.slice(0, limit);
    const last = shown.at(-1);
    return {
      QueueUrls:
        shown.length === 0
          ? undefined
          : shown.map((name) => queueUrl(ctx, { account: ctx.account, region: ctx.region, name })),
      // Pages are for those who ask for them.
      NextToken:
        most !== undefined && names.length > limit && last !== undefined
          ? Buffer.from(last).toString('base64url')
          : undefined,
    };
  },

  async DeleteQueue(input, ctx) {
    const name = queueOfUrl(input.QueueUrl, ctx);
    const rows = rowsOf(name);
    const nowMs = Math.floor(ctx.world.clock.now());
    await ctx.transact(async (tx) => {
      const { id: queueId, contentId } = await readQueue(tx, name);
      rows.queues.delete(tx, [name.name]);
      rows.deletions.set(tx, [name.name], nowMs);
      const { account, region } = name;
      const owner = ctx.as({ account, region });
      owner.enqueue(tx, { kind: 'discard', payload: { contentId, queueId } });
      const dueAtMs = nowMs + NAME_PAUSE_MS;
      owner.enqueue(tx, { kind: 'free-name', payload: { name: name.name, deletedAtMs: nowMs }, dueAtMs });
    });
    return {};
  },

  async PurgeQueue(input, ctx) {
    const name = queueOfUrl(input.QueueUrl, ctx);
    const rows = rowsOf(name);
    const nowMs = Math.floor(ctx.world.clock.now());
    const contentId = ctx.world.random.uuid();
    await ctx.transact(async (tx) => {
      const queue = await readQueue(tx, name);
      if (queue.purgedAtMs !== undefined && queue.purgedAtMs + PURGE_PAUSE_MS > nowMs) {
        throw fault(
          'PurgeQueueInProgress',
          `Only one PurgeQueue operation on ${name.name} is allowed every 60 seconds.`,
        );
      }
      rows.queues.set(tx, [name.name], { ...queue, contentId, purgedAtMs: nowMs });
      const { account, region } = name;
      ctx.as({ account, region }).enqueue(tx, { kind: 'discard', payload: { contentId: queue.contentId } });
    });
    return {};
  },

  async ListDeadLetterSourceQueues(input, ctx) {
    const name = queueOfUrl(input.QueueUrl, ctx);
    await readQueue(ctx.store, name);
    const { MaxResults: most = MOST_LISTED, NextToken: token } = input;
    if (most < 1 || most > MOST_LISTED) {
      throw fault('InvalidParameterValue', `MaxResults must be an integer between 1 and ${MOST_LISTED}.`);
    }
    const start = token === undefined ? '' : Buffer.from(token, 'base64url').toString();
    const sources = (await sourcesOf(ctx, name)).filter((source) => source > start);
    const shown = sources.slice(0, most);
    return {
      // AWS leaves out the list that is empty, although its model requires it.
      queueUrls: (shown.length === 0
        ? undefined
        : shown.map((source) => queueUrl(ctx, { ...name, name: source }))) as readonly string[],
      NextToken: sources.length > most ? Buffer.from(shown.at(-1) ?? '').toString('base64url') : undefined,
    };
  },
} satisfies Group<SqsOperations>;
