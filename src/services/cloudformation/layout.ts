import { keyspace, rows } from '../../store/keyspace.ts';
import type { ChangeSetRow } from './change-set.ts';
import type { EventRow } from './event.ts';
import type { ResourceRow, RetiredRow } from './resource.ts';
import type { OperationRow, StackRow } from './stack.ts';

/** Everything CloudFormation keeps, per account and region. */
export const layout = keyspace('cloudformation', {
  /** Deleted stacks stay, as AWS keeps them for 90 days. */
  stacks: rows<[uuid: string], StackRow>('stacks'),
  /** Stacks that are not deleted. */
  names: rows<[name: string], { readonly uuid: string }>('names'),
  operations: rows<[stack: string], OperationRow>('operations'),
  resources: rows<[stack: string, logicalId: string], ResourceRow>('resources'),
  retired: rows<[stack: string, order: number], RetiredRow>('retired'),
  /** `number` counts up from 1. */
  events: rows<[stack: string, number: number], EventRow>('events'),
  changeSets: rows<[stack: string, uuid: string], ChangeSetRow>('change-sets'),
  exports: rows<[name: string], { readonly stack: string; readonly value: string }>('exports'),
  imports: rows<[exportName: string, stack: string], { readonly stackName: string }>('imports'),
  /** Addresses that wait for an answer of a custom resource or a wait condition, by their secret. */
  callbacks: rows<[secret: string], CallbackRow>('callbacks'),
});

export interface CallbackRow {
  readonly stack: string;
  readonly operation: string;
  readonly logicalId: string;
  readonly requestId: string;
}
