import { createHash } from 'node:crypto';
import type { CallIdentity, Context } from '../../../service/context.ts';
import { Fault } from '../../../service/faults.ts';
import { layout } from '../layout.ts';
import type { ResourceRow, Work } from '../resource.ts';
import { isGone } from '../resources/gone.ts';
import { isWaiting, type Outcome, type ResourceScope } from '../resources/provider.ts';
import { providerOf } from '../resources/registry.ts';
import { type OperationRow, type StackRow, stackArn } from '../stack.ts';
import type { ValueMap } from '../template/value.ts';
import { resolveDynamicReferences } from './dynamic-reference.ts';
import { complete, fail, wait } from './finish.ts';
import { Run, stackQueue } from './run.ts';

export interface WorkPayload {
  readonly stack: string;
  readonly operation: string;
  readonly logicalId: string;
}

interface Claim {
  readonly stack: StackRow;
  readonly operation: OperationRow;
  readonly row: ResourceRow;
  readonly work: Work;
  readonly rerun: boolean;
  readonly sinceMs: number;
}

/** Makes, changes or removes one resource. A second run after a crash picks up what the first left. */
export async function work(payload: WorkPayload, ctx: Context): Promise<void> {
  const claim = await take(payload, ctx);
  if (claim === undefined) return;
  const attempt = new Attempt(payload, claim, ctx);
  const result = await attempt.run();
  await ctx.transact(async (tx) => {
    const run = await Run.load(tx, ctx, payload.stack, payload.operation, payload.logicalId);
    const now = run?.resources.get(payload.logicalId)?.work;
    // An answer may have come, or the work been cancelled, while it was under way.
    if (run === undefined || (now?.state !== 'running' && now?.state !== 'waiting')) return;
    if (now.action !== claim.work.action || now.back !== claim.work.back) return;
    if (result.problem !== undefined) await fail(run, payload.logicalId, result.problem, attempt.standing);
    else if (isWaiting(result.outcome)) wait(run, payload.logicalId, result.outcome);
    else await complete(run, payload.logicalId, result.outcome);
    run.enqueueAdvance();
  }, stackQueue(payload.stack));
}

async function take({ stack, operation, logicalId }: WorkPayload, ctx: Context): Promise<Claim | undefined> {
  return ctx.transact(async (tx) => {
    const run = await Run.load(tx, ctx, stack, operation, logicalId);
    const row = run?.resources.get(logicalId);
    const now = row?.work;
    if (run === undefined || row === undefined || now === undefined) return undefined;
    if (now.operation !== operation || (now.state !== 'running' && now.state !== 'waiting')) return undefined;
    const rerun = now.startedAtMs !== undefined;
    const sinceMs = now.startedAtMs ?? ctx.world.clock.now();
    if (!rerun) run.setWork(logicalId, { ...now, startedAtMs: sinceMs });
    return { stack: run.stack, operation: run.operation, row, work: now, rerun, sinceMs };
  }, stackQueue(stack));
}

type Result =
  | { readonly outcome: Outcome | undefined; readonly problem?: undefined }
  | { readonly outcome?: undefined; readonly problem: string };

class Attempt {
  /** Set once the resource stands outside although the attempt is not through. */
  standing: string | undefined;
  readonly #payload: WorkPayload;
  readonly #claim: Claim;
  readonly #ctx: Context;

  constructor(payload: WorkPayload, claim: Claim, ctx: Context) {
    this.#payload = payload;
    this.#claim = claim;
    this.#ctx = ctx;
  }

  async run(): Promise<Result> {
    const { work: now } = this.#claim;
    try {
      return { outcome: await this.#act() };
    } catch (error) {
      // A server that stops is no failure of the resource: the work is tried again.
      if (this.#ctx.signal.aborted) throw error;
      if (Fault.is(error)) {
        if (now.action === 'delete' && isGone(error)) return { outcome: undefined };
        return { problem: problemOf(error) };
      }
      this.#ctx.log('error', 'a resource operation broke', {
        logicalId: this.#payload.logicalId,
        type: this.#claim.row.type,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
      return { problem: 'Internal Failure' };
    }
  }

  async #act(): Promise<Outcome | undefined> {
    const { row, work: now, operation, stack } = this.#claim;
    const provider = providerOf(row.type);
    if (provider === undefined) {
      throw new Fault('ValidationError', `Lambent cannot create resources of type ${row.type} yet`);
    }
    const scope = resourceScope(
      this.#ctx,
      { stack, operation, logicalId: this.#payload.logicalId, type: row.type },
      {
        rerun: this.#claim.rerun,
        sinceMs: this.#claim.sinceMs,
        stands: (id) => {
          this.standing = id;
        },
      },
    );
    if (now.state === 'waiting' && now.waiting !== undefined) {
      return provider.settle?.(now.waiting, scope);
    }
    if (now.action === 'delete') {
      return row.made === undefined ? undefined : provider.remove(row.made, scope);
    }
    const wanted = await resolveDynamicReferences(now.wanted ?? {}, scope);
    if (now.action !== 'update' || now.before === undefined)
      return provider.create(wanted as ValueMap, scope);
    if (provider.update === undefined) {
      throw new Fault('ValidationError', `Lambent cannot update resources of type ${row.type} yet`);
    }
    return provider.update(now.before, wanted as ValueMap, scope);
  }
}

/** What a provider sees of the stack it works for. */
export function resourceScope(
  ctx: Context,
  of: {
    readonly stack: StackRow;
    readonly operation: OperationRow;
    readonly logicalId: string;
    readonly type: string;
  },
  attempt: Pick<ResourceScope, 'rerun' | 'sinceMs' | 'stands'>,
): ResourceScope {
  const { stack, operation, logicalId, type } = of;
  const stackId = stackArn(ctx.account, ctx.region, stack.name, stack.uuid);
  const as = identityOf(operation);
  return {
    ...attempt,
    type,
    logicalId,
    stackId,
    stackName: stack.name,
    account: ctx.account,
    region: ctx.region,
    capabilities: (operation.target ?? stack.intent)?.capabilities ?? [],
    endpoint: ctx.endpoint,
    ctx,
    call: (service, name, input) => ctx.call(service, name, input, { as }),
    name: (most, form = 'upper') =>
      generatedName(`${stackId}/${operation.id}`, stack.name, logicalId, most, form),
    openCallback: async (requestId) => {
      const secret = Buffer.from(ctx.world.random.bytes(32)).toString('base64url');
      await ctx.transact(async (tx) => {
        layout
          .at(ctx.account, ctx.region)
          .callbacks.set(tx, [secret], { stack: stack.uuid, operation: operation.id, logicalId, requestId });
      });
      return `${ctx.endpoint}/_aws/cloudformation/response/${ctx.account}/${ctx.region}/${secret}`;
    },
  };
}

function identityOf({ roleArn, principal }: OperationRow): CallIdentity {
  return roleArn === undefined
    ? { principal }
    : { roleArn, service: 'cloudformation.amazonaws.com', sessionName: 'AWSCloudFormation' };
}

const SUFFIX = 12;

/** AWS's form of a name a template leaves open. */
export function generatedName(
  seed: string,
  stackName: string,
  logicalId: string,
  most: number,
  form: 'upper' | 'lower',
): string {
  const digest = createHash('sha256').update(`${seed}/${logicalId}`).digest();
  const alphabet =
    form === 'upper' ? 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789' : 'abcdefghijklmnopqrstuvwxyz0123456789';
  const suffix = [...digest.subarray(0, SUFFIX)].map((byte) => alphabet[byte % alphabet.length]).join('');
  const room = most - SUFFIX - 1;
  const whole = `${stackName}-${logicalId}`;
  // Too long: the stack's name gives way first, to half of the room.
  const kept = whole.length <= room ? whole : shortened(stackName, logicalId, room);
  const name = `${kept}-${suffix}`;
  return form === 'lower' ? name.toLowerCase() : name;
}

function shortened(stackName: string, logicalId: string, room: number): string {
  const forId = Math.min(logicalId.length, Math.max(Math.floor(room / 2), room - 1 - stackName.length));
  return `${stackName.slice(0, room - 1 - forId)}-${logicalId.slice(0, forId)}`;
}

const HANDLER_CODES: readonly (readonly [RegExp, string])[] = [
  [/AccessDenied|NotAuthorized|UnauthorizedOperation/, 'AccessDenied'],
  [/AlreadyExists|AlreadyOwnedByYou|Conflict|ResourceInUse/, 'AlreadyExists'],
  [/NotFound|NoSuch/, 'NotFound'],
  [/LimitExceeded|ServiceQuota/, 'ServiceLimitExceeded'],
  [/Throttl|TooManyRequests/, 'Throttling'],
  [/Validation|Invalid|BadRequest|Malformed|NotImplemented/, 'InvalidRequest'],
];

function problemOf({ code, message }: Fault): string {
  if (code === 'ValidationError') return message;
  const handler = HANDLER_CODES.find(([pattern]) => pattern.test(code))?.[1] ?? 'GeneralServiceException';
  return `Resource handler returned message: "${message} (Error Code: ${code})" (HandlerErrorCode: ${handler})`;
}
