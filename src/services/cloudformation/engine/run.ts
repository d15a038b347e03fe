import { assert } from '../../../base/assert.ts';
import type { ResourceStatus, StackStatus } from '../../../model/gen/cloudformation.ts';
import type { Context } from '../../../service/context.ts';
import type { Transaction } from '../../../store/store.ts';
import { type EventRow, eventId } from '../event.ts';
import { layout } from '../layout.ts';
import { openParameters } from '../no-echo.ts';
import type { ResourceRow, RetiredRow, Work } from '../resource.ts';
import { type OperationRow, type StackRow, stackArn } from '../stack.ts';

/** Transactions on one stack run one after the other instead of conflicting. */
export function stackQueue(uuid: string) {
  return { queueKey: `cloudformation/${uuid}` };
}

interface LastEvent {
  readonly number: number;
  readonly atMs: number;
}

/** One transaction's view of a stack and its operation; writes go through at once, events in order. */
export class Run {
  readonly tx: Transaction;
  readonly ctx: Context;
  readonly resources: Map<string, ResourceRow>;
  stack: StackRow;
  operation: OperationRow;
  #lastEvent: LastEvent;

  private constructor(
    tx: Transaction,
    ctx: Context,
    loaded: {
      readonly stack: StackRow;
      readonly operation: OperationRow;
      readonly resources: Map<string, ResourceRow>;
      readonly lastEvent: LastEvent;
    },
  ) {
    this.tx = tx;
    this.ctx = ctx;
    this.stack = loaded.stack;
    this.operation = loaded.operation;
    this.resources = loaded.resources;
    this.#lastEvent = loaded.lastEvent;
  }

  get rows() {
    return layout.at(this.ctx.account, this.ctx.region);
  }

  /**
   * Undefined when the stack has no operation under way, or another one.
   * @param only the one resource the transaction is about; all are read without it
   */
  static async load(
    tx: Transaction,
    ctx: Context,
    uuid: string,
    operationId: string,
    only?: string,
  ): Promise<Run | undefined> {
    const rows = layout.at(ctx.account, ctx.region);
    const [stack, operation] = await Promise.all([
      rows.stacks.get(tx, [uuid]),
      rows.operations.get(tx, [uuid]),
    ]);
    if (stack === undefined || operation?.id !== operationId) return undefined;
    const resources = only === undefined ? await allResources(tx, ctx, uuid) : new Map<string, ResourceRow>();
    const one = only === undefined ? undefined : await rows.resources.get(tx, [uuid, only]);
    if (only !== undefined && one !== undefined) resources.set(only, one);
    const lastEvent = await lastEventOf(tx, ctx, uuid);
    return new Run(tx, ctx, { stack, operation, resources, lastEvent });
  }

  /** Begins an operation on a stack that has none. */
  static async begin(tx: Transaction, ctx: Context, stack: StackRow, operation: OperationRow): Promise<Run> {
    const resources = await allResources(tx, ctx, stack.uuid);
    const lastEvent = await lastEventOf(tx, ctx, stack.uuid);
    const run = new Run(tx, ctx, { stack, operation, resources, lastEvent });
    run.setStack(stack);
    run.setOperation(operation);
    return run;
  }

  get arn(): string {
    return stackArn(this.ctx.account, this.ctx.region, this.stack.name, this.stack.uuid);
  }

  setStack(stack: StackRow): void {
    this.stack = stack;
    this.rows.stacks.set(this.tx, [stack.uuid], stack);
  }

  setOperation(operation: OperationRow): void {
    this.operation = operation;
    this.rows.operations.set(this.tx, [this.stack.uuid], operation);
  }

  async endOperation(): Promise<void> {
    this.rows.operations.delete(this.tx, [this.stack.uuid]);
    const { changeSet } = this.operation;
    if (changeSet === undefined) return;
    const key = [this.stack.uuid, changeSet] as [string, string];
    const row = await this.rows.changeSets.get(this.tx, key);
    if (row === undefined) return;
    const done = this.stack.status === 'CREATE_COMPLETE' || this.stack.status === 'UPDATE_COMPLETE';
    this.rows.changeSets.set(this.tx, key, {
      ...row,
      executionStatus: done ? 'EXECUTE_COMPLETE' : 'EXECUTE_FAILED',
    });
  }

  /** Moves the stack to a status and tells so in an event. */
  setStatus(status: StackStatus, reason?: string): void {
    const { reason: _, ...stack } = this.stack;
    this.setStack({ ...stack, status, ...(reason === undefined ? {} : { reason }) });
    this.#event({
      logicalId: this.stack.name,
      physicalId: this.arn,
      type: 'AWS::CloudFormation::Stack',
      status,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  setResource(logicalId: string, row: ResourceRow): void {
    this.resources.set(logicalId, row);
    this.rows.resources.set(this.tx, [this.stack.uuid, logicalId], row);
  }

  /** Changes a resource's work without an event. */
  setWork(logicalId: string, work: Work): void {
    const row = this.resources.get(logicalId);
    assert(row !== undefined, `resource ${logicalId} has a row`);
    this.setResource(logicalId, { ...row, work });
  }

  dropResource(logicalId: string): void {
    this.resources.delete(logicalId);
    this.rows.resources.delete(this.tx, [this.stack.uuid, logicalId]);
  }

  /** Moves a resource to a status and tells so in an event. */
  setResourceStatus(
    logicalId: string,
    row: Omit<ResourceRow, 'status' | 'reason' | 'updatedAtMs'>,
    status: ResourceStatus,
    reason?: string,
  ): void {
    const { reason: _, ...rest } = row as ResourceRow;
    this.setResource(logicalId, {
      ...rest,
      status,
      updatedAtMs: this.ctx.world.clock.now(),
      ...(reason === undefined ? {} : { reason }),
    });
    this.resourceEvent(logicalId, row, status, reason);
  }

  resourceEvent(
    logicalId: string,
    { type, made, work }: Pick<ResourceRow, 'type' | 'made' | 'work'>,
    status: ResourceStatus,
    reason?: string,
  ): void {
    // What an update leaves behind goes without a word of what it was.
    const properties = this.operation.phase === 'cleanup' ? undefined : (work?.wanted ?? made?.properties);
    const physicalId = made?.physicalId ?? work?.waiting?.physicalId;
    this.#event({
      logicalId,
      type,
      status,
      ...(physicalId === undefined ? {} : { physicalId }),
      ...(reason === undefined ? {} : { reason }),
      ...(properties === undefined ? {} : { properties: this.#masked(JSON.stringify(properties)) }),
    });
  }

  async retired(): Promise<readonly { readonly order: number; readonly row: RetiredRow }[]> {
    const rows = await this.rows.retired.all(this.tx, [this.stack.uuid]);
    return rows.map(({ key: [, order], value }) => ({ order, row: value }));
  }

  async retire(row: RetiredRow): Promise<void> {
    const last = (await this.retired()).at(-1)?.order ?? 0;
    this.rows.retired.set(this.tx, [this.stack.uuid, last + 1], row);
  }

  /** Looks at the stack again after the commit; one look is enough for all that happens before it. */
  enqueueAdvance(): void {
    if (this.operation.lookComes) return;
    this.setOperation({ ...this.operation, lookComes: true });
    this.ctx.enqueue(this.tx, {
      kind: 'advance',
      payload: { stack: this.stack.uuid, operation: this.operation.id },
      shard: `stack/${this.stack.uuid}`,
    });
  }

  /** The look that was asked for has come; what happens from here on asks for another. */
  beginLook(): void {
    const { lookComes: _, ...operation } = this.operation;
    this.setOperation(operation);
  }

  enqueueWork(logicalId: string, dueAtMs?: number): void {
    this.ctx.enqueue(this.tx, {
      kind: 'work',
      payload: { stack: this.stack.uuid, operation: this.operation.id, logicalId },
      ...(dueAtMs === undefined ? {} : { dueAtMs }),
    });
  }

  #event(event: Omit<EventRow, 'id' | 'atMs' | 'clientToken'>): void {
    const { clientToken } = this.operation;
    const number = this.#lastEvent.number + 1;
    // Clients put events in order by their times, and know them by ids that have the time in them.
    const atMs = Math.max(this.ctx.world.clock.now(), this.#lastEvent.atMs + 1);
    this.#lastEvent = { number, atMs };
    this.rows.events.set(this.tx, [this.stack.uuid, number], {
      ...event,
      id: eventId(this.stack, event, { number, atMs }),
      atMs,
      ...(clientToken === undefined ? {} : { clientToken }),
    });
  }

  /** NoEcho parameters never show in events. */
  #masked(text: string): string {
    const { target, previous } = this.operation;
    const secrets = openParameters([...(target?.parameters ?? []), ...(previous?.parameters ?? [])], this.ctx)
      .filter(({ noEcho, value }) => noEcho && value !== '')
      .map(({ value }) => JSON.stringify(value).slice(1, -1));
    return secrets.reduce((masked, secret) => masked.replaceAll(secret, '****'), text);
  }
}

async function allResources(tx: Transaction, ctx: Context, uuid: string): Promise<Map<string, ResourceRow>> {
  const rows = await layout.at(ctx.account, ctx.region).resources.all(tx, [uuid]);
  return new Map(rows.map(({ key: [, logicalId], value }) => [logicalId, value]));
}

async function lastEventOf(tx: Transaction, ctx: Context, uuid: string): Promise<LastEvent> {
  const page = await layout.at(ctx.account, ctx.region).events.page(tx, [uuid], { limit: 1, reverse: true });
  const [last] = page.rows;
  return last === undefined ? { number: 0, atMs: 0 } : { number: last.key[1], atMs: last.value.atMs };
}
