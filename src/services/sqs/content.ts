import type { Context } from '../../service/context.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { type Content, layout, type MessageRow } from './layout.ts';
import { attributesSize, type StoredAttributes } from './message-attribute.ts';
import type { QueueName } from './queue.ts';

export type QueueRows = ReturnType<typeof layout.at>;

/** Up to this many bytes a content stands in its message's row, which every receive writes again. */
const INLINE_BYTES = 4096;
const BLOB_BYTES = 65_536;

export function rowsOf({ account, region }: QueueName): QueueRows {
  return layout.at(account, region);
}

/** A content ready to be written; a long body is on disk before. */
export async function storeContent(
  ctx: Context,
  body: string,
  attributes: StoredAttributes | undefined,
): Promise<Content> {
  const held = attributes === undefined ? {} : { attributes };
  if (body.length <= BLOB_BYTES / 4) return { body, ...held };
  const bytes = Buffer.from(body);
  return bytes.length <= BLOB_BYTES ? { body, ...held } : { blob: await ctx.blobs.put(bytes), ...held };
}

/** Writes a message's row and content. */
export function writeMessage(
  tx: Transaction,
  rows: QueueRows,
  contentId: string,
  key: string,
  row: MessageRow,
  content: Content,
): void {
  const size = Buffer.byteLength(content.body ?? '') + attributesSize(content.attributes);
  if (size <= INLINE_BYTES) rows.messages.set(tx, [contentId, key], { ...row, content });
  else {
    const { content: _inline, ...rest } = row;
    rows.messages.set(tx, [contentId, key], rest);
    rows.contents.set(tx, [contentId, key], content);
  }
}

export async function readContent(
  reader: Reader,
  rows: QueueRows,
  contentId: string,
  key: string,
  row: MessageRow,
): Promise<Content | undefined> {
  return row.content ?? (await rows.contents.get(reader, [contentId, key]));
}

/** Deletes a message's row and content; its blob goes unless it is moved. */
export async function eraseMessage(
  tx: Transaction,
  ctx: Context,
  rows: QueueRows,
  contentId: string,
  key: string,
  row: MessageRow,
  moved?: 'moved',
): Promise<void> {
  rows.messages.delete(tx, [contentId, key]);
  if (row.content === undefined) {
    const content = await rows.contents.get(tx, [contentId, key]);
    rows.contents.delete(tx, [contentId, key]);
    if (content?.blob !== undefined && moved === undefined) await ctx.blobs.release(tx, content.blob);
  } else if (row.content.blob !== undefined && moved === undefined) {
    await ctx.blobs.release(tx, row.content.blob);
  }
}

export async function bodyOf(ctx: Context, content: Content): Promise<string> {
  if (content.body !== undefined) return content.body;
  if (content.blob === undefined) return '';
  return Buffer.from(await ctx.blobs.read(content.blob)).toString();
}
