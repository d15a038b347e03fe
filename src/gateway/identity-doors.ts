import { parseArn } from '../base/arn.ts';
import { lint, STALE_MS } from '../policy/lint.ts';
import { leastPolicy } from '../policy/suggest.ts';
import type { Context } from '../service/context.ts';
import { Fault } from '../service/faults.ts';
import type { FrontDoor, FrontDoorRequest } from '../service/front-door.ts';
import { answerJson, isOurs } from './door-guard.ts';
import type { Opener } from './opener.ts';

/**
 * What `lambent iam` asks: why a request was decided as it was, what a role has needed, and what the best practices
 * would have otherwise. `services` are the prefixes of actions. Programs of this machine
 * may ask about every account, a root signature about its own.
 */
export function identityDoors(opener: Opener, services: readonly string[]): readonly FrontDoor[] {
  /** The account whose matters the caller may see; undefined: every one. */
  async function admitted(request: FrontDoorRequest, ctx: Context): Promise<string | undefined> {
    if (request.method !== 'GET') throw new Fault('MethodNotAllowed', 'GET', {}, 405);
    if (isOurs(request, opener)) return undefined;
    const signed = opener.isFunction(request.incoming.socket)
      ? undefined
      : await ctx.ports.access.signer({ ...request, body: new Uint8Array(0) }, 'iam');
    if (signed?.principal.kind === 'root' && signed.principal.taskPolicyArn === undefined)
      return signed.principal.account;
    throw new Fault('Forbidden', 'Only programs of this machine and root signatures may ask.', {}, 403);
  }

  async function why(request: FrontDoorRequest, ctx: Context): Promise<void> {
    const account = await admitted(request, ctx);
    const requestId = parameter(request, 'requestId');
    const decision = await ctx.ports.audit.decision(requestId);
    if (decision === undefined || (account !== undefined && decision.account !== account))
      throw new Fault('NotFound', `There is no record of a request ${requestId}.`, {}, 404);
    answerJson(request, 200, decision);
  }

  async function suggest(request: FrontDoorRequest, ctx: Context): Promise<void> {
    const account = await admitted(request, ctx);
    const principal = parameter(request, 'principal');
    const owner = parseArn(principal)?.account ?? '';
    if (account !== undefined && owner !== account)
      throw new Fault('Forbidden', `${principal} belongs to another account.`, {}, 403);
    const within = new URLSearchParams(request.query).get('withinMs');
    const sinceMs = within === null ? 0 : ctx.world.clock.now() - Number(within);
    if (Number.isNaN(sinceMs)) throw new Fault('BadRequest', 'withinMs is a number.', {}, 400);
    const activity = await ctx.ports.audit.activity(owner, principal, sinceMs);
    answerJson(request, 200, { policy: leastPolicy(activity), activity });
  }

  async function findings(request: FrontDoorRequest, ctx: Context): Promise<void> {
    const own = await admitted(request, ctx);
    const account = own ?? new URLSearchParams(request.query).get('account') ?? ctx.account;
    const nowMs = ctx.world.clock.now();
    const identities = await ctx.ports.identity.inventory(account);
    const looked = identities.map(async (identity) => ({
      ...identity,
      activity: await ctx.ports.audit.activity(account, identity.arn, nowMs - STALE_MS),
    }));
    const found = lint(await Promise.all(looked), services, nowMs);
    answerJson(request, 200, { identities: identities.length, findings: found });
  }

  return [
    { name: 'iam-lint', paths: ['/_lambent/iam/lint'], handle: findings },
    { name: 'iam-why', paths: ['/_lambent/iam/why'], handle: why },
    { name: 'iam-suggest', paths: ['/_lambent/iam/suggest'], handle: suggest },
  ];
}

function parameter({ query }: FrontDoorRequest, name: string): string {
  const value = new URLSearchParams(query).get(name);
  if (value === null || value === '') throw new Fault('BadRequest', `${name} is missing.`, {}, 400);
  return value;
}
