import { Fault } from '../../../service/faults.ts';
import { WireFault } from '../../../wire/protocol.ts';
import { type Exchange, methodArn } from './exchange.ts';
import { denied, noRoute, Refusal } from './refusal.ts';

const ACTION = 'execute-api:Invoke';

/** Authorisation by a signature, and the policies of who made it together with the API's own. */
export async function authoriseIam(exchange: Exchange): Promise<void> {
  const { ctx, request, stage } = exchange;
  const { method, path, query, headers } = request.facts;
  let signer: Awaited<ReturnType<typeof ctx.ports.access.signer>>;
  try {
    signer = await ctx.ports.access.signer(
      { method, path, query, headers, body: request.body },
      'execute-api',
    );
  } catch (error) {
    throw signatureRefusal(error);
  }
  if (signer === undefined) throw noRoute();
  exchange.caller = signer;
  const resource = methodArn(exchange, request.path);
  const decision = await ctx.ports.access.decide(
    { action: ACTION, resource, resourceAccount: stage.account },
    ctx.as({ principal: signer.principal }),
    stage.policy,
  );
  if (!decision.allowed) throw denied(masked(decision.message, resource));
}

function signatureRefusal(error: unknown): Error {
  if (!Fault.is(error) && !(error instanceof WireFault)) return error as Error;
  const type = error.code === 'ExpiredTokenException' ? 'EXPIRED_TOKEN' : 'INVALID_SIGNATURE';
  return new Refusal(type, 403, error.code, error.message);
}

/** Clients see only the end of the account's number. */
function masked(message: string, resource: string): string {
  const hidden = resource.replace(/:(\d{8})(\d{4}):/, ':********$2:');
  return message.replaceAll(resource, () => hidden);
}

/** What the API's own policy says to a request that no signature names anybody for. */
export async function checkResourcePolicy(exchange: Exchange): Promise<void> {
  const { ctx, stage, request } = exchange;
  if (stage.policy === undefined) return;
  const resource = methodArn(exchange, request.path);
  const decision = await ctx.ports.access.decide(
    { action: ACTION, resource, resourceAccount: stage.account },
    ctx,
    stage.policy,
  );
  if (decision.allowed) return;
  const how = decision.outcome === 'explicit-deny' ? ' with an explicit deny' : '';
  throw denied(
    masked(
      `User: anonymous is not authorized to perform: ${ACTION} on resource: ${resource}${how}`,
      resource,
    ),
  );
}
