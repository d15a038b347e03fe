import { decide } from '../policy/evaluate.ts';
import { explain } from '../policy/explain.ts';
import { callerName, denialMessage } from '../policy/message.ts';
import { Fault } from '../service/faults.ts';
import { type OrganizationsPort, withControls } from '../service/organizations.ts';
import type { AccessPort, IdentityPort } from '../service/ports.ts';
import type { ServiceDefinition } from '../service/service.ts';
import { verifySignature } from '../wire/sigv4.ts';
import { parseSignature } from '../wire/sigv4-claim.ts';
import type { World } from '../world/world.ts';
import { nowFor } from './authenticate.ts';
import { asksResourceTags, compiled, compiledPrincipal, controlsFor, missingStatement } from './authorise.ts';
import type { ServerLog } from './log.ts';
import { refusal } from './refusal.ts';
import { RequestContext } from './request-context.ts';

export interface AccessOptions {
  readonly world: World;
  readonly identity: IdentityPort;
  readonly organizations: OrganizationsPort;
  readonly iam: 'enforce' | 'audit';
  readonly log: ServerLog;
  readonly definition: (service: string) => ServiceDefinition | undefined;
}

/** The pipeline's authentication and authorisation by hand, for front doors. */
export function createAccess(options: AccessOptions): AccessPort {
  const { world, identity, organizations, iam, log } = options;
  return {
    async signer(request, service, region) {
      const claim = parseSignature(request, 'rest');
      if (claim === undefined) return undefined;
      const lookup = await identity.credential(claim.accessKeyId, claim.sessionToken);
      if (lookup.kind === 'expired') throw refusal('expired-token', 'rest-json');
      if (lookup.kind !== 'found')
        throw refusal(lookup.kind === 'bad-token' ? 'bad-token' : 'unknown-key', 'rest-json');
      const verification = verifySignature(claim, request, lookup.credential.secretAccessKey, {
        nowMs: nowFor(world, claim),
        style: 'rest',
        service,
        ...(region === undefined ? {} : { region }),
      });
      if (!verification.ok) {
        const { code, message, detail, status } = verification.refusal;
        throw new Fault(code, message, detail, status);
      }
      identity.keyUsed(claim.accessKeyId, service, claim.region);
      return { principal: lookup.credential.principal, accessKeyId: claim.accessKeyId };
    },

    async decide(request, ctx, resourcePolicy, trust) {
      const { principal, region, http } = ctx;
      const caller = trust?.caller ?? principal;
      const { set, context } = await compiledPrincipal(identity, principal);
      const controls = await controlsFor(organizations, principal, request);
      const attached =
        resourcePolicy === undefined
          ? set
          : {
              ...set,
              resource: compiled(resourcePolicy, trust === undefined ? 'resource-policy' : request.resource),
            };
      const asking = trust === undefined ? attached : { ...attached, resourceMustAllow: 'trust' as const };
      const policies = withControls(asking, request.action, principal, controls?.caller, controls?.owner);
      const definition = options.definition(ctx.service);
      const { resourceTags } = definition ?? {};
      const tags =
        resourceTags === undefined || request.resource === '*' || !asksResourceTags(policies)
          ? undefined
          : await resourceTags(request.resource, ctx);
      const subject = { principal, region, host: { world }, ctx, http, definition };
      const { resourceAccount } = request;
      const asked = {
        action: request.action,
        resource: request.resource,
        principal: caller,
        context: new RequestContext(subject, context, request, controls, tags),
        ...(resourceAccount === undefined ? {} : { resourceAccount }),
      };
      const decision = decide(asked, policies);
      ctx.noteDecision({
        principal,
        request,
        decision,
        policies,
        ...(decision.allowed
          ? {}
          : { explanation: explain(request, policies, decision, asked), audited: iam === 'audit' }),
      });
      if (decision.allowed) return { allowed: true, outcome: decision.outcome, message: '' };
      const message = denialMessage(
        caller,
        request.action,
        request.named ?? request.resource,
        decision,
        controls?.caller?.organizationId,
      );
      log.event('info', `${iam === 'audit' ? 'would deny' : 'denied'} ${callerName(caller)}`, {
        requestId: ctx.requestId,
        [decision.outcome === 'explicit-deny' ? 'deniedBy' : 'missing']:
          decision.outcome === 'explicit-deny' ? decision.policyId : missingStatement(request),
      });
      return { allowed: iam === 'audit', outcome: decision.outcome, message };
    },
  };
}
