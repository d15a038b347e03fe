import type { Context } from '../../service/context.ts';
import { type Fault, Fault as FaultClass } from '../../service/faults.ts';
import { fault, noSuchKey, notImplemented } from './fault.ts';
import type { ObjectRow } from './layout.ts';

/** Conditions on reading an object, of the request itself or of a copy's source. */
export interface ReadConditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: Date | undefined;
  readonly ifUnmodifiedSince?: Date | undefined;
}

type Facts = Pick<ObjectRow, 'etag' | 'lastModifiedMs'>;

/**
 * What the conditions say of an object: that it may be given, is what the client has already, or is not what it
 * wants. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export function readVerdict(
  conditions: ReadConditions,
  { etag, lastModifiedMs }: Facts,
):
  | { readonly verdict: 'given' | 'not-modified' }
  | { readonly verdict: 'failed'; readonly condition: string } {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== undefined) {
    if (!lists(ifMatch, etag)) return { verdict: 'failed', condition: 'If-Match' };
  } else if (ifUnmodifiedSince !== undefined && lastModifiedMs > ifUnmodifiedSince.getTime()) {
    return { verdict: 'failed', condition: 'If-Unmodified-Since' };
  }
  if (ifNoneMatch !== undefined) return { verdict: lists(ifNoneMatch, etag) ? 'not-modified' : 'given' };
  const unmodified = ifModifiedSince !== undefined && lastModifiedMs <= ifModifiedSince.getTime();
  return { verdict: unmodified ? 'not-modified' : 'given' };
}

/** A time that has not come is no condition. */
export function past({ world }: Context, time: Date | undefined): Date | undefined {
  return time !== undefined && time.getTime() > world.clock.now() ? undefined : time;
}

/** Throws what GET and HEAD answer when the conditions do not hold. */
export function checkReadable(conditions: ReadConditions, row: Facts): void {
  const found = readVerdict(conditions, row);
  if (found.verdict === 'failed') throw preconditionFailed(found.condition);
  if (found.verdict === 'not-modified') throw notModified(row);
}

export function preconditionFailed(condition: string): Fault {
  return fault('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    Condition: condition,
  });
}

function notModified({ etag, lastModifiedMs }: Facts): Fault {
  return new FaultClass(
    'NotModified',
    '',
    { ETag: quoted(etag), LastModified: new Date(lastModifiedMs) },
    304,
  );
}

/** Conditions on writing or deleting the newest version of a key. */
export interface WriteConditions {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
}

/** Looks at the conditions themselves, before a body is read. */
export function checkWriteConditions({ IfMatch, IfNoneMatch }: WriteConditions): void {
  if (IfMatch !== undefined && IfNoneMatch !== undefined)
    throw notImplemented(
      'If-Match,If-None-Match',
      'Multiple conditional request headers present in the request',
    );
  if (IfNoneMatch !== undefined && IfNoneMatch !== '*')
    throw notImplemented('If-None-Match', unaccepted('If-None-Match'));
  if (IfMatch === '*') throw notImplemented('If-Match', unaccepted('If-Match'));
}

function unaccepted(header: string): string {
  return `We don't accept the provided value of ${header} header for this API`;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
export function checkWritable(
  { IfMatch, IfNoneMatch }: WriteConditions,
  existing: ObjectRow | undefined,
  key: string,
): void {
  const there = existing !== undefined && existing.deleteMarker === undefined;
  if (IfNoneMatch !== undefined && there) throw preconditionFailed('If-None-Match');
  if (IfMatch === undefined) return;
  if (!there) throw noSuchKey(key);
  if (!lists(IfMatch, existing.etag)) throw preconditionFailed('If-Match');
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}

/** Whether a list of entity tags, quoted or bare, holds the one; `*` holds all. */
function lists(header: string, etag: string): boolean {
  return header.split(',').some((one) => {
    const bare = one
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1');
    return bare === '*' || bare === etag;
  });
}
