import { type CompiledPolicy, compilePolicy } from '../../../policy/compile.ts';
import { decide } from '../../../policy/evaluate.ts';
import { contextOf } from '../../../policy/request.ts';
import { Fault } from '../../../service/faults.ts';
import { identitySources } from '../authorizers.ts';
import type { AuthorizerRow } from '../definition.ts';
import { type Exchange, methodArn } from './exchange.ts';
import { functionOf, identityFor, invokeFunction, within } from './function.ts';
import { mapped } from './parameter.ts';
import { patternOf } from './pattern.ts';
import { authorizerFailed, denied, Refusal, unauthorized } from './refusal.ts';
import { requestContext } from './request-context.ts';

/** What a function said of an identity. */
interface Verdict {
  readonly policy: CompiledPolicy;
  readonly authorizer: Readonly<Record<string, unknown>>;
  readonly principalId: string;
  readonly usageIdentifierKey: string | undefined;
  /** Virtual. */
  readonly expiresAtMs: number;
}

const MOST_CACHED = 10_000;
const TIMEOUT_MS = 29_000;

/**
 * Authorisation by a function: what identifies the caller goes in, a policy comes out, which holds for the
 * authorizer's time to live for every method of the stage.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
 */
export function functionAuthorisation(
  row: AuthorizerRow,
  withVariables: (text: string) => string,
): (exchange: Exchange) => Promise<void> {
  const sources = identitySources(row.identitySource);
  const ttlMs = (row.authorizerResultTtlInSeconds ?? 300) * 1000;
  const isToken = row.type === 'TOKEN';
  const matches =
    isToken && row.identityValidationExpression !== undefined
      ? patternOf(row.identityValidationExpression)
      : undefined;
  const target = functionOf(withVariables(row.authorizerUri ?? ''));
  const verdicts = new Map<string, Verdict>();

  return async (exchange) => {
    const identity = sources.map((source) => mapped(source, exchange));
    // What is not there cannot be a key: such requests are refused unless the authorizer asks every time.
    const complete = identity.every((part) => part !== undefined && part !== '');
    if (!complete && (isToken || ttlMs > 0)) throw unauthorized();
    const [token = ''] = identity;
    if (matches !== undefined && !matches(token)) throw unauthorized();
    const key = JSON.stringify(identity);
    const now = exchange.ctx.world.clock.now();
    let verdict = ttlMs > 0 ? verdicts.get(key) : undefined;
    if (verdict === undefined || verdict.expiresAtMs <= now) {
      if (target === undefined) throw authorizerFailed();
      const event = isToken ? tokenEvent(exchange, token) : requestEvent(exchange);
      const said = await ask(exchange, row, target, event);
      verdict = { ...said, expiresAtMs: now + ttlMs };
      if (ttlMs > 0) {
        if (verdicts.size >= MOST_CACHED) verdicts.clear();
        verdicts.set(key, verdict);
      }
    }
    checkVerdict(exchange, verdict);
    exchange.authorizer = { ...verdict.authorizer, principalId: verdict.principalId };
    exchange.usageIdentifierKey = verdict.usageIdentifierKey;
  };
}

function tokenEvent(exchange: Exchange, authorizationToken: string) {
  return { type: 'TOKEN', methodArn: methodArn(exchange, exchange.request.path), authorizationToken };
}

function requestEvent(exchange: Exchange) {
  const { request, stage } = exchange;
  return {
    type: 'REQUEST',
    methodArn: methodArn(exchange, request.path),
    resource: exchange.method?.resourcePath,
    path: request.path,
    httpMethod: request.method,
    headers: request.headers,
    multiValueHeaders: request.multiHeaders,
    queryStringParameters: request.singleQuery ?? {},
    multiValueQueryStringParameters: request.multiQuery ?? {},
    pathParameters: exchange.pathParameters ?? {},
    stageVariables: stage.variables ?? {},
    requestContext: requestContext(exchange),
  };
}

async function ask(
  exchange: Exchange,
  row: AuthorizerRow,
  target: NonNullable<ReturnType<typeof functionOf>>,
  event: unknown,
): Promise<Omit<Verdict, 'expiresAtMs'>> {
  const { stage } = exchange;
  const sourceArn = `arn:aws:execute-api:${stage.region}:${stage.account}:${stage.api.id}/authorizers/${row.id}`;
  const failed = (why: string) => {
    exchange.ctx.log('warn', `authorizer ${row.name} failed: ${why}`, { api: stage.api.id });
    return authorizerFailed();
  };
  try {
    const as = identityFor(exchange, row.authorizerCredentials, sourceArn);
    const payload = Buffer.from(JSON.stringify(event));
    const result = await within(exchange, TIMEOUT_MS, invokeFunction(exchange, target, payload, as));
    const answer = JSON.parse(Buffer.from(result.payload).toString('utf8')) as Record<string, unknown> | null;
    if (result.error !== undefined) {
      // Only this very message means that the caller, and not the authorizer, is at fault.
      if (answer?.['errorMessage'] === 'Unauthorized') throw unauthorized();
      throw failed(String(answer?.['errorMessage']));
    }
    return readVerdict(answer);
  } catch (error) {
    if (error instanceof Refusal) throw error.type === 'INTEGRATION_TIMEOUT' ? failed('no answer') : error;
    if (Fault.is(error)) throw failed(`${error.code}: ${error.message}`);
    throw failed(error instanceof Error ? error.message : String(error));
  }
}

function readVerdict(answer: Record<string, unknown> | null): Omit<Verdict, 'expiresAtMs'> {
  const { principalId, policyDocument, context, usageIdentifierKey } = answer ?? {};
  if (typeof principalId !== 'string' || typeof policyDocument !== 'object' || policyDocument === null)
    throw new Error('the answer has no principalId or no policyDocument');
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries((context as object | null | undefined) ?? {})) {
    if (typeof value === 'object' && value !== null)
      throw new Error(`the context's ${name} is neither text, number nor boolean`);
    values[name] = value === null ? null : String(value);
  }
  return {
    policy: compilePolicy(JSON.stringify(policyDocument), 'authorizer'),
    authorizer: values,
    principalId,
    usageIdentifierKey: typeof usageIdentifierKey === 'string' ? usageIdentifierKey : undefined,
  };
}

function checkVerdict(exchange: Exchange, { policy, principalId }: Verdict): void {
  const { stage, request, ctx } = exchange;
  const { account } = stage;
  const decision = decide(
    {
      action: 'execute-api:Invoke',
      resource: methodArn(exchange, request.path),
      resourceAccount: account,
      principal: {
        kind: 'user',
        account,
        arn: `arn:aws:iam::${account}:user/${principalId}`,
        userId: principalId,
      },
      context: contextOf({
        'aws:SourceIp': request.facts.sourceIp,
        'aws:UserAgent': request.header('user-agent') ?? '',
        'aws:CurrentTime': new Date(ctx.world.clock.now()).toISOString(),
        'aws:EpochTime': Math.floor(ctx.world.clock.now() / 1000),
      }),
    },
    { identity: [policy] },
  );
  if (decision.allowed) return;
  throw denied(
    `User is not authorized to access this resource${decision.outcome === 'explicit-deny' ? ' with an explicit deny' : ''}`,
  );
}
