import { formatArn, parseArn } from '../../base/arn.ts';
import type { Capability, StackStatus } from '../../model/gen/cloudformation.ts';
import type { Principal } from '../../service/principal.ts';
import type { BlobRef } from '../../store/blobs.ts';
import type { ParameterValue } from './template/parameter.ts';
import type { StackPlace } from './template/pseudo.ts';

/** A template's text: in the row when it is short, else a blob of its own. */
export type TextRef = { readonly text: string } | { readonly blob: BlobRef };

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** What the caller asks a stack to be: everything an update may change. */
export interface StackIntent {
  readonly original: TextRef;
  /** After transforms; the same text as `original` without any. */
  readonly processed: TextRef;
  readonly description: string | undefined;
  readonly parameters: readonly ParameterValue[];
  readonly tags: readonly Tag[];
  readonly capabilities: readonly Capability[];
  readonly notificationArns: readonly string[];
  readonly roleArn: string | undefined;
}

export interface StackOutput {
  readonly key: string;
  readonly value: string;
  readonly description?: string;
  readonly exportName?: string;
}

export interface StackRow {
  readonly uuid: string;
  readonly name: string;
  readonly status: StackStatus;
  readonly reason?: string;
  readonly createdAtMs: number;
  readonly updatedAtMs?: number;
  readonly deletedAtMs?: number;
  /** Absent while the stack only holds change sets (REVIEW_IN_PROGRESS). */
  readonly intent?: StackIntent;
  readonly outputs: readonly StackOutput[];
  readonly disableRollback: boolean;
  readonly terminationProtection: boolean;
  readonly timeoutMinutes?: number;
  /** `ClientRequestToken` of the last operation, and which that was. */
  readonly clientToken?: string;
  readonly tokenOf?: 'CreateStack' | 'UpdateStack' | 'DeleteStack';
  readonly changeSetId?: string;
  /** The stack policy, as it was given. */
  readonly policy?: string;
  readonly parentId?: string;
  readonly rootId?: string;
}

export function stackArn(account: string, region: string, name: string, uuid: string): string {
  return formatArn('cloudformation', region, account, `stack/${name}/${uuid}`);
}

type Scope = { readonly account: string; readonly region: string };

/** The UUID in a stack's ARN; undefined when the text is a name, or names what is elsewhere. */
export function uuidOfArn(text: string, scope: Scope): string | undefined {
  return /^stack\/[^/]+\/(.+)$/.exec(partHere(text, scope))?.[1];
}

export function uuidOfChangeSet(text: string, scope: Scope): string | undefined {
  return /^changeSet\/[^/]+\/(.+)$/.exec(partHere(text, scope))?.[1];
}

function partHere(text: string, { account, region }: Scope): string {
  const arn = parseArn(text);
  const here = arn?.service === 'cloudformation' && arn.account === account && arn.region === region;
  return here ? arn.resource : '';
}

export function changeSetArn(account: string, region: string, name: string, uuid: string): string {
  return formatArn('cloudformation', region, account, `changeSet/${name}/${uuid}`);
}

export function placeOf(
  stack: Pick<StackRow, 'name' | 'uuid'>,
  scope: { readonly account: string; readonly region: string },
  intent: Pick<StackIntent, 'notificationArns'>,
): StackPlace {
  return {
    account: scope.account,
    region: scope.region,
    stackName: stack.name,
    stackId: stackArn(scope.account, scope.region, stack.name, stack.uuid),
    notificationArns: intent.notificationArns,
  };
}

/** Statuses in which an operation may begin an update. */
const UPDATABLE = new Set<StackStatus>([
  'CREATE_COMPLETE',
  'UPDATE_COMPLETE',
  'UPDATE_ROLLBACK_COMPLETE',
  'IMPORT_COMPLETE',
  'IMPORT_ROLLBACK_COMPLETE',
  'CREATE_FAILED',
  'UPDATE_FAILED',
]);

export function isUpdatable(status: StackStatus): boolean {
  return UPDATABLE.has(status);
}

export function isUnderWay(status: StackStatus): boolean {
  return status.endsWith('_IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS';
}

/** An operation under way; a stack has at most one. */
export interface OperationRow {
  readonly id: string;
  readonly kind: 'CREATE' | 'UPDATE' | 'DELETE';
  /**
   * forward: towards `target`. back: an update that failed returns to `previous`. cleanup: what the target does
   * not have is deleted. undo: a creation that failed is deleted. delete: the whole stack is.
   */
  readonly phase: 'forward' | 'back' | 'cleanup' | 'undo' | 'delete';
  readonly clientToken?: string;
  /** The change set that is carried out. */
  readonly changeSet?: string;
  readonly principal: Principal;
  readonly roleArn?: string;
  readonly target?: StackIntent;
  /** What the stack was before an update. */
  readonly previous?: StackIntent;
  readonly onFailure: 'ROLLBACK' | 'DELETE' | 'DO_NOTHING';
  /** The stack policy of this update alone, and the one that holds after it. */
  readonly policyDuring?: string;
  readonly policyAfter?: string;
  /** Why the operation turned back: `The following resource(s) failed to create: [A].` */
  readonly failure?: string;
  /** Nothing more is started: the operation turns back when what runs is through. Says why. */
  readonly cancelled?: string;
  /** A job that looks at the stack is written and has not begun. */
  readonly lookComes?: boolean;
}
