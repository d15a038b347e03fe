import type { Context } from '../../../service/context.ts';
import type { Made } from '../resource.ts';
import type { Value, ValueMap } from '../template/value.ts';

/** How one resource type is made, changed and removed, by calls of its service under the stack's identity. */
export interface ResourceProvider {
  create(wanted: ValueMap, scope: ResourceScope): Promise<Outcome>;
  /**
   * Brings what stands to `wanted`; only properties that do not replace the resource differ. Absent when every
   * property does.
   */
  update?(made: Made, wanted: ValueMap, scope: ResourceScope): Promise<Outcome>;
  /** What is gone already is gone: a "not found" of the service is no failure. */
  remove(made: Made, scope: ResourceScope): Promise<Waiting | undefined>;
  /** Another look at what `create`, `update` or `remove` left waiting; for a removal the outcome's id is not used. */
  settle?(
    waiting: { readonly physicalId: string; readonly memo: Value },
    scope: ResourceScope,
  ): Promise<Outcome>;
}

export type Outcome = Done | Waiting;

export interface Done {
  readonly physicalId: string;
  /** What `Ref` gives; the physical id by default. */
  readonly ref?: Value;
  readonly attributes: ValueMap;
}

/** Not there yet: {@link ResourceProvider.settle} is called after `waitMs` of virtual time, or never by itself. */
export interface Waiting {
  readonly physicalId: string;
  readonly waitMs: number;
  readonly memo: Value;
}

export function isWaiting(outcome: Outcome | undefined): outcome is Waiting {
  return outcome !== undefined && 'waitMs' in outcome;
}

export interface ResourceScope {
  readonly type: string;
  readonly logicalId: string;
  readonly stackId: string;
  readonly stackName: string;
  readonly account: string;
  readonly region: string;
  /** What the stack's caller acknowledged. */
  readonly capabilities: readonly string[];
  /** Base URL of this server. */
  readonly endpoint: string;
  readonly ctx: Context;
  /** The work may have been done before, up to any point: look before making something that has no name of its own. */
  readonly rerun: boolean;
  /** Virtual time at which the work was first tried. */
  readonly sinceMs: number;
  /** Calls an operation as the stack's role, or as who started the operation. */
  call<Output = Record<string, unknown>>(service: string, operation: string, input: unknown): Promise<Output>;
  /** `<stack>-<logical id>-<12 characters>`, at most `most` long; the same each time this work is tried. */
  name(most: number, form?: 'upper' | 'lower'): string;
  /** Says that the resource stands from here on, so that a failure after this removes it. */
  stands(physicalId: string): void;
  /** An unguessable address that takes the answer of a custom resource. */
  openCallback(requestId: string): Promise<string>;
}
