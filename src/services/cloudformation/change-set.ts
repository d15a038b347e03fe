import type { ChangeSetStatus, ChangeSetType, ExecutionStatus } from '../../model/gen/cloudformation.ts';
import type { StackIntent } from './stack.ts';

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
  readonly onStackFailure?: 'ROLLBACK' | 'DELETE' | 'DO_NOTHING';
}

export interface ResourceChange {
  readonly action: 'Add' | 'Modify' | 'Remove';
  readonly logicalId: string;
  readonly physicalId?: string;
  readonly type: string;
  readonly replacement?: 'True' | 'False' | 'Conditional';
  readonly properties: readonly {
    readonly name: string;
    readonly recreation: 'Always' | 'Conditionally' | 'Never';
  }[];
  readonly tagsOnly?: boolean;
}
