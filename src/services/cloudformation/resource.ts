import type { ResourceStatus } from '../../model/gen/cloudformation.ts';
import type { DeletionPolicy } from './template/template.ts';
import type { Value, ValueMap } from './template/value.ts';

/** A resource as it stands outside, and what a template needs of it. */
export interface Made {
  readonly physicalId: string;
  /** What `Ref` gives. */
  readonly ref: Value;
  readonly attributes: ValueMap;
  /** As the template wants them, typed by the schema; dynamic references still unresolved. */
  readonly properties: ValueMap;
}

export interface ResourceRow {
  readonly type: string;
  readonly status: ResourceStatus;
  readonly reason?: string;
  readonly updatedAtMs: number;
  readonly deletionPolicy: DeletionPolicy;
  readonly updateReplacePolicy: DeletionPolicy;
  /** Logical ids that must stay while this one stands. */
  readonly dependsOn: readonly string[];
  /** JSON. */
  readonly metadata?: string;
  readonly made?: Made;
  /** An update failed half-way: what stands outside may not be `made.properties`. */
  readonly uncertain?: boolean;
  readonly work?: Work;
}

/** What the operation under way does with a resource. */
export interface Work {
  readonly operation: string;
  /** Set on the way back of an update, so that both ways are told apart. */
  readonly back: boolean;
  readonly action: 'create' | 'update' | 'replace' | 'delete' | 'none';
  /** `pending` deletions wait for what depends on them; `waiting` work for an answer or another look. */
  readonly state: 'pending' | 'running' | 'waiting' | 'done' | 'failed';
  /** Set when the work has been tried: a second try looks for what the first may have made. */
  readonly startedAtMs?: number;
  /** Properties to reach. */
  readonly wanted?: ValueMap;
  /** What a waiting provider wants to see again. */
  readonly waiting?: { readonly physicalId: string; readonly memo: Value };
  /** The resource before an update or replacement. */
  readonly before?: Made;
}

/** A resource that was replaced; deleted when the update is through. */
export interface RetiredRow {
  readonly logicalId: string;
  readonly type: string;
  readonly made: Made;
  readonly policy: DeletionPolicy;
  /** Its deletion is under way. */
  readonly begun?: boolean;
}
