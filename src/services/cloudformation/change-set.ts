import type { ChangeSetStatus, ChangeSetType, ExecutionStatus } from '../../model/gen/cloudformation.ts';
import type { StackIntent } from './stack.ts';
import type { DeletionPolicy } from './template/template.ts';

export interface ChangeSetRow {
  readonly uuid: string;
  readonly name: string;
  readonly type: ChangeSetType;
  readonly description?: string;
  readonly createdAtMs: number;
  readonly status: ChangeSetStatus;
  readonly executionStatus: ExecutionStatus;
  readonly reason?: string;
  readonly intent: StackIntent;
  readonly changes: readonly ResourceChange[];
  /** `ClientToken` of its creation. */
  readonly clientToken?: string;
  /** `ClientRequestToken` of its execution. */
  readonly executionToken?: string;
  readonly onStackFailure?: 'ROLLBACK' | 'DELETE' | 'DO_NOTHING';
}

export interface ResourceChange {
  readonly action: 'Add' | 'Modify' | 'Remove';
  readonly logicalId: string;
  readonly physicalId?: string;
  readonly type: string;
  readonly replacement?: 'True' | 'False' | 'Conditional';
  readonly properties: readonly PropertyChange[];
  /** What changes in the resource's metadata is due to. */
  readonly metadata?: readonly Cause[];
  /** What becomes of the resource that goes or is replaced. */
  readonly policy?: DeletionPolicy;
  /** JSON: the properties before and after, secrets masked. */
  readonly before?: string;
  readonly after?: string;
}

export interface PropertyChange {
  readonly name: string;
  readonly recreation: 'Always' | 'Conditionally' | 'Never';
  /** Absent in change sets of before causes were told. */
  readonly causes?: readonly Cause[];
  /** The tags of the stack, which go to the resource, have changed. */
  readonly ofStack?: boolean;
}

/** Where a change comes from: the template itself when nothing is named. */
export type Cause =
  | { readonly source: 'DirectModification'; readonly dynamic?: boolean }
  | {
      readonly source: 'ParameterReference' | 'ResourceReference' | 'ResourceAttribute';
      readonly entity: string;
    };
