import type { Principal } from '../../../service/principal.ts';
import type { Exchange } from './exchange.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (number: number) => String(number).padStart(2, '0');

/** As web servers log it: `20/Nov/2026:23:47:35 +0000`. */
export function requestTime(atMs: number): string {
  const at = new Date(atMs);
  const date = `${two(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}`;
  return `${date}:${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`;
}

/**
 * `requestContext` of events, and `$context` of templates.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
export function requestContext(exchange: Exchange): Record<string, unknown> {
  const { stage, request, method } = exchange;
  const { facts } = request;
  const apiId = stage.api.id;
  const ownHost = facts.host.startsWith(`${apiId}.`);
  return {
    resourceId: method?.resourceId,
    ...(exchange.authorizer === undefined ? {} : { authorizer: exchange.authorizer }),
    resourcePath: method?.resourcePath,
    httpMethod: request.method,
    extendedRequestId: exchange.extendedRequestId,
    requestTime: requestTime(exchange.atMs),
    path: `/${stage.stageName}${request.path}`,
    accountId: stage.account,
    protocol: `HTTP/${facts.httpVersion}`,
    stage: stage.stageName,
    domainPrefix: apiId,
    requestTimeEpoch: Math.floor(exchange.atMs),
    requestId: exchange.requestId,
    identity: identityOf(exchange),
    domainName: ownHost ? facts.host : `${apiId}.execute-api.${stage.region}.amazonaws.com`,
    deploymentId: stage.deploymentId,
    apiId,
  };
}

function identityOf({ request, caller, apiKey }: Exchange): Record<string, unknown> {
  return {
    cognitoIdentityPoolId: null,
    accountId: null,
    cognitoIdentityId: null,
    caller: null,
    sourceIp: request.facts.sourceIp,
    principalOrgId: null,
    accessKey: null,
    cognitoAuthenticationType: null,
    cognitoAuthenticationProvider: null,
    userArn: null,
    userAgent: request.header('user-agent') ?? null,
    user: null,
    ...(apiKey === undefined ? {} : { apiKey: apiKey.value, apiKeyId: apiKey.id }),
    ...(caller === undefined ? {} : callerIdentity(caller.principal, caller.accessKeyId)),
  };
}

const COGNITO = 'cognito-identity.amazonaws.com';

function callerIdentity(principal: Principal, accessKey: string): Record<string, unknown> {
  if (principal.kind === 'service' || principal.kind === 'anonymous') return {};
  const session = principal.kind === 'role' ? principal.sessionContext : {};
  const identityId = session[`${COGNITO}:sub`];
  return {
    accessKey,
    accountId: principal.account,
    caller: principal.userId,
    user: principal.userId,
    userArn: principal.arn,
    ...(identityId === undefined
      ? {}
      : {
          cognitoIdentityId: identityId,
          cognitoIdentityPoolId: session[`${COGNITO}:aud`] ?? null,
          cognitoAuthenticationType: session[`${COGNITO}:amr`]?.startsWith('unauthenticated')
            ? 'unauthenticated'
            : 'authenticated',
          cognitoAuthenticationProvider: session[`${COGNITO}:amr`] ?? null,
        }),
  };
}
