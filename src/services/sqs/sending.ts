import type { MessageAttributeValue, MessageSystemAttributeValue } from '../../model/gen/sqs.ts';
import type { Context } from '../../service/context.ts';
import { nextOrdinal } from '../../service/ordinal.ts';
import type { Principal } from '../../service/principal.ts';
import type { Transaction } from '../../store/store.ts';
import { rowsOf, storeContent } from './content.ts';
import { fault } from './fault.ts';
import { appendMessage } from './fifo-queue.ts';
import type { Content, MessageRow, QueueRow } from './layout.ts';
import { checkBody, deduplicationIdOf, delayMs, groupOf, md5, sizeOf } from './message.ts';
import { attributesMd5, storeAttributes } from './message-attribute.ts';
import { drawChance, keyOf } from './message-key.ts';
import type { QueueName } from './queue.ts';
import { placeMessage } from './standard-queue.ts';
import { DEDUPLICATION_MS, startSweeping } from './sweeping.ts';

/** What a caller sends, alone or as an entry of a batch. */
export interface Sent {
  readonly MessageBody: string;
  readonly DelaySeconds?: number | undefined;
  readonly MessageAttributes?: Readonly<Record<string, MessageAttributeValue | undefined>> | undefined;
  readonly MessageSystemAttributes?:
    | Readonly<Partial<Record<string, MessageSystemAttributeValue>>>
    | undefined;
  readonly MessageDeduplicationId?: string | undefined;
  readonly MessageGroupId?: string | undefined;
}

/** A message checked and ready to be written. */
export interface Prepared {
  readonly row: MessageRow;
  readonly content: Content;
  /** Body and attributes, in bytes. */
  readonly size: number;
  readonly ordinal: number;
  readonly chance: string;
  readonly attributesMd5?: string | undefined;
  readonly systemAttributesMd5?: string | undefined;
}

/** What the answer says of a message. */
export interface Accepted {
  readonly messageId: string;
  readonly sequence?: string | undefined;
}

/** `SenderId`: the unique id of who sends. */
function senderOf(principal: Principal): string {
  return principal.kind === 'service' || principal.kind === 'anonymous'
    ? principal.account
    : principal.userId;
}

function traceHeaderOf(given: Sent['MessageSystemAttributes']): string | undefined {
  for (const [name, value] of Object.entries(given ?? {})) {
    if (name !== 'AWSTraceHeader') {
      throw fault('InvalidParameterValue', `Message system attribute name '${name}' is invalid.`);
    }
    if (value?.DataType !== 'String' || value.StringValue === undefined || value.StringValue === '') {
      throw fault(
        'InvalidParameterValue',
        `The message system attribute 'AWSTraceHeader' must contain a non-empty value of type String.`,
      );
    }
    return value.StringValue;
  }
  return undefined;
}

/** The X-Ray header of a traced caller's request goes with its message. */
function tracedRequest({ http, inside }: Context): string | undefined {
  return inside === true ? undefined : http?.headers['x-amzn-trace-id'];
}

/** Checks a message against its queue; a long body is on disk when it resolves. */
export async function prepareMessage(ctx: Context, queue: QueueRow, sent: Sent): Promise<Prepared> {
  const attributes = storeAttributes(sent.MessageAttributes);
  const body = sent.MessageBody;
  checkBody(queue, body, attributes);
  const given = traceHeaderOf(sent.MessageSystemAttributes);
  const traceHeader = given ?? tracedRequest(ctx);
  const group = groupOf(queue, sent.MessageGroupId);
  const deduplicationId = deduplicationIdOf(queue, sent.MessageDeduplicationId, body);
  const delay = delayMs(queue, sent.DelaySeconds);
  const content = await storeContent(ctx, body, attributes);
  const { world } = ctx;
  const nowMs = world.clock.now();
  const row: MessageRow = {
    messageId: world.random.uuid(),
    senderId: senderOf(ctx.principal),
    sentAtMs: Math.floor(nowMs),
    bodyMd5: md5(body),
    visibleAtMs: Math.floor(nowMs) + delay,
    receives: 0,
    ...(traceHeader === undefined ? {} : { traceHeader }),
    ...(group === undefined ? {} : { group }),
    ...(deduplicationId === undefined ? {} : { deduplicationId }),
  };
  return {
    row,
    content,
    size: sizeOf(body, attributes),
    ordinal: nextOrdinal(world),
    chance: drawChance(world),
    ...(attributes === undefined ? {} : { attributesMd5: attributesMd5(attributes) }),
    // Of what the caller sent, which is what it compares.
    ...(given === undefined
      ? {}
      : { systemAttributesMd5: attributesMd5({ AWSTraceHeader: { type: 'String', text: given } }) }),
  };
}

/** Writes a message, unless it was sent before: then the answer is the first one's. */
export async function acceptMessage(
  tx: Transaction,
  ctx: Context,
  name: QueueName,
  queue: QueueRow,
  { row, content, ordinal, chance }: Prepared,
): Promise<Accepted> {
  const rows = rowsOf(name);
  const { contentId } = queue;
  await startSweeping(tx, ctx, name, queue, row.sentAtMs);
  if (!queue.fifo || row.group === undefined || row.deduplicationId === undefined) {
    if (content.blob !== undefined) await ctx.blobs.retain(tx, content.blob);
    placeMessage(tx, rows, contentId, keyOf(ordinal, chance), row, content);
    return { messageId: row.messageId };
  }
  const scope = queue.attributes['DeduplicationScope'] === 'messageGroup' ? row.group : '';
  const before = await rows.duplicates.get(tx, [contentId, scope, row.deduplicationId]);
  if (before !== undefined) {
    if (before.atMs + DEDUPLICATION_MS > row.sentAtMs) return before;
    rows.duplicateTimes.delete(tx, [contentId, before.atMs, scope, row.deduplicationId]);
  }
  if (content.blob !== undefined) await ctx.blobs.retain(tx, content.blob);
  const { messageId, sentAtMs: atMs } = row;
  const line = { rows, contentId, group: row.group };
  const sequence = await appendMessage(tx, line, { ordinal, chance }, row, content);
  rows.duplicates.set(tx, [contentId, scope, row.deduplicationId], { messageId, sequence, atMs });
  rows.duplicateTimes.set(tx, [contentId, atMs, scope, row.deduplicationId], 0);
  return { messageId, sequence };
}
