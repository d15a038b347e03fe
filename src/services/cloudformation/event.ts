import { createHash } from 'node:crypto';
import type { ResourceStatus, StackStatus } from '../../model/gen/cloudformation.ts';

export interface EventRow {
  readonly id: string;
  readonly logicalId: string;
  readonly physicalId?: string;
  readonly type: string;
  readonly status: ResourceStatus | StackStatus;
  readonly reason?: string;
  readonly atMs: number;
  readonly clientToken?: string;
  /** JSON, secrets masked. */
  readonly properties?: string;
}

/**
 * The id of an event, in AWS's forms: a UUID for the stack's own, the resource and what became of it for a resource's;
 * the same each time it is made.
 */
export function eventId(
  stack: { readonly uuid: string; readonly name: string },
  { logicalId, status, properties }: Pick<EventRow, 'logicalId' | 'status' | 'properties'>,
  { number, atMs }: { readonly number: number; readonly atMs: number },
): string {
  if (logicalId === stack.name) return uuidOf(`${stack.uuid}/${number}`);
  // What an update leaves behind is deleted under ids of another form.
  if (status.startsWith('DELETE_') && properties === undefined)
    return `${logicalId}-${uuidOf(`${stack.uuid}/${number}`)}`;
  return `${logicalId}-${status}-${new Date(atMs).toISOString()}`;
}

function uuidOf(seed: string): string {
  const digest = createHash('sha256').update(seed).digest('hex');
  return digest.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
