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
