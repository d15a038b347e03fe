import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { parseArchivePolicy } from './archive-policy.ts';
import { layout, type MessageRow, type TopicRow } from './layout.ts';
import { rowsOf, type TopicName } from './topic.ts';

/** Archived messages that go in one transaction. */
const AT_ONCE = 200;
/** The sweep comes by no more often. */
const SWEEP_MS = 3_600_000;

/** A topic whose `ArchivePolicy` just changed: the archive begins with the policy and goes with it. */
export function withArchive(tx: Transaction, ctx: Context, before: TopicRow, topic: TopicRow): TopicRow {
  const text = topic.attributes['ArchivePolicy'];
  const kept = text === undefined ? undefined : parseArchivePolicy(text);
  if (kept !== undefined) {
    return before.archive === undefined
      ? { ...topic, archive: { id: ctx.world.random.uuid(), sinceMs: Math.floor(ctx.world.clock.now()) } }
      : topic;
  }
  if (before.archive !== undefined) emptyArchive(tx, ctx, before.archive.id);
  const { archive: _gone, ...rest } = topic;
  const { ArchivePolicy: _none, ...attributes } = topic.attributes;
  return { ...rest, attributes };
}

/** From when on what was published can be had again; undefined where nothing is kept. */
export function archiveBegins({ archive, attributes }: TopicRow, nowMs: number): number | undefined {
  const keptMs = parseArchivePolicy(attributes['ArchivePolicy'] ?? '{}');
  if (archive === undefined || keptMs === undefined) return undefined;
  return Math.max(archive.sinceMs, nowMs - keptMs);
}

/** Keeps a message in its topic's archive. */
export async function archiveMessage(
  tx: Transaction,
  ctx: Context,
  name: TopicName,
  topic: TopicRow,
  ordinal: number,
  row: MessageRow,
): Promise<void> {
  const { archive } = topic;
  if (archive === undefined) return;
  const { archived, archiveSweeps } = rowsOf(name);
  if (row.blob !== undefined) await ctx.blobs.retain(tx, row.blob);
  archived.set(tx, [archive.id, row.atMs, ordinal], row);
  if ((await archiveSweeps.get(tx, [archive.id])) !== undefined) return;
  archiveSweeps.set(tx, [archive.id], 0);
  const payload: ArchiveSweep = { topic: name.name, archiveId: archive.id };
  const keptMs = parseArchivePolicy(topic.attributes['ArchivePolicy'] ?? '{}') ?? 0;
  const { account, region } = name;
  ctx.as({ account, region }).enqueue(tx, { kind: 'sweep-archive', payload, dueAtMs: row.atMs + keptMs });
}

export interface ArchiveSweep {
  readonly topic: string;
  readonly archiveId: string;
}

/** Deletes what an archive has kept for long enough; comes again while there is more, and ends with the last. */
export async function sweepArchive(
  { topic: topicName, archiveId }: ArchiveSweep,
  ctx: Context,
): Promise<void> {
  const { topics, archived, archiveSweeps } = layout.at(ctx.account, ctx.region);
  const nowMs = ctx.world.clock.now();
  for (let more = true; more; ) {
    more = await ctx.transact(async (tx) => {
      const topic = await topics.get(tx, [topicName]);
      const current = topic?.archive?.id === archiveId ? topic : undefined;
      const begins = (current && archiveBegins(current, nowMs)) ?? Number.POSITIVE_INFINITY;
      const page = await archived.page(tx, [archiveId], { limit: AT_ONCE });
      for (const { key, value } of page.rows) {
        if (key[1] >= begins) {
          const dueAtMs = Math.max(nowMs + SWEEP_MS, nowMs + key[1] - begins);
          ctx.enqueue(tx, { kind: 'sweep-archive', payload: { topic: topicName, archiveId }, dueAtMs });
          return false;
        }
        archived.delete(tx, key);
        if (value.blob !== undefined) await ctx.blobs.release(tx, value.blob);
      }
      if (page.next !== undefined) return true;
      archiveSweeps.delete(tx, [archiveId]);
      return false;
    });
  }
}

function emptyArchive(tx: Transaction, ctx: Context, archiveId: string): void {
  // Of no topic any more, so everything in it is old.
  ctx.enqueue(tx, { kind: 'sweep-archive', payload: { topic: '', archiveId } satisfies ArchiveSweep });
}
