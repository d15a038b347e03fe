import type { Method } from '../../../model/gen/apigateway.ts';
import type { ApiDefinition } from '../definition.ts';
import type { StageRow } from '../stage.ts';
import type { CompiledMethod, CompiledResponse, CompiledStage, Exchange } from './exchange.ts';
import { functionAuthorisation } from './function-authorizer.ts';
import { authoriseIam, checkResourcePolicy } from './iam.ts';
import { compileIntegration } from './integrate.ts';
import { binaryMatcher } from './media-type.ts';
import { configurationError } from './refusal.ts';
import { addRoute, emptyRoutes } from './route.ts';
import { TokenBucket } from './token-bucket.ts';
import { userPoolAuthorisation } from './user-pool.ts';
import { requestValidation } from './validate.ts';

type Authorise = (exchange: Exchange) => Promise<void>;

/** Makes a stage ready to serve: everything a request does not bring is worked out here, once. */
export function compileStage(
  definition: ApiDefinition,
  stage: StageRow,
  owner: { readonly account: string; readonly region: string },
): CompiledStage {
  const { api } = definition;
  const variables = stage.variables ?? {};
  const withVariables = (text: string) =>
    text.replace(/\$\{stageVariables\.(\w+)\}/g, (_whole, name: string) =>
      Object.hasOwn(variables, name) ? (variables[name] as string) : '',
    );
  const authorizers = new Map<string, Authorise>();
  for (const row of definition.authorizers) {
    if (row.type !== 'COGNITO_USER_POOLS') authorizers.set(row.id, functionAuthorisation(row, withVariables));
  }
  const routes = emptyRoutes<CompiledMethod>();
  for (const resource of definition.resources) {
    const methods = new Map<string, CompiledMethod>();
    for (const [verb, method] of Object.entries(resource.methods)) {
      methods.set(verb, {
        resourceId: resource.id,
        resourcePath: resource.path,
        authorise: authorisationOf(definition, method, authorizers),
        apiKeyRequired: method.apiKeyRequired === true,
        validate: requestValidation(definition, method),
        integrate:
          method.methodIntegration === undefined
            ? () => Promise.reject(configurationError())
            : compileIntegration(method.methodIntegration, resource.path, withVariables),
        throttle: throttleOf(stage, resource.path, verb),
      });
    }
    if (methods.size > 0) addRoute(routes, resource.path, methods);
  }
  return {
    ...owner,
    api,
    stageName: stage.stageName,
    deploymentId: stage.deploymentId,
    variables: Object.keys(variables).length === 0 ? null : variables,
    isBinary: binaryMatcher(api.binaryMediaTypes),
    routes,
    gatewayResponses: responsesOf(definition),
    policy: api.policy?.replaceAll(
      '"execute-api:/',
      `"arn:aws:execute-api:${owner.region}:${owner.account}:${api.id}/`,
    ),
  };
}

/** How a method authorises, the API's own policy included. */
function authorisationOf(
  { api, authorizers: rows }: ApiDefinition,
  method: Method,
  authorizers: ReadonlyMap<string, Authorise>,
): Authorise | undefined {
  const { authorizationType = 'NONE', authorizerId = '' } = method;
  // Signatures and policies are weighed together.
  if (authorizationType === 'AWS_IAM') return authoriseIam;
  const checkPolicy = api.policy === undefined ? undefined : checkResourcePolicy;
  if (authorizationType === 'NONE') return checkPolicy;
  const row = rows.find(({ id }) => id === authorizerId);
  const authorise =
    row?.type === 'COGNITO_USER_POOLS'
      ? userPoolAuthorisation(row, method.authorizationScopes ?? [])
      : authorizers.get(authorizerId);
  // An authorizer that is not there lets nobody in.
  if (authorise === undefined) return () => Promise.reject(configurationError());
  if (checkPolicy === undefined) return authorise;
  return async (exchange) => {
    await authorise(exchange);
    await checkPolicy(exchange);
  };
}

/** The method's own limits, else the stage's; none unless one was set. */
function throttleOf({ methodSettings }: StageRow, path: string, verb: string): TokenBucket | undefined {
  const key = `${path === '/' ? '' : path.slice(1)}/${verb}`;
  const settings = methodSettings[key] ?? methodSettings['*/*'];
  const { throttlingRateLimit: rate, throttlingBurstLimit: burst } = settings ?? {};
  // AWS shows -1 for no limit of its own.
  if (rate === undefined || burst === undefined || rate < 0 || burst < 0) return undefined;
  return new TokenBucket(rate, burst);
}

function responsesOf({ gatewayResponses }: ApiDefinition): ReadonlyMap<string, CompiledResponse> {
  return new Map(
    gatewayResponses.map((row) => [
      row.responseType,
      {
        status: row.statusCode === undefined ? undefined : Number(row.statusCode),
        parameters: Object.entries(row.responseParameters ?? {}).map(
          ([name, expression]) => [name.replace('gatewayresponse.header.', ''), expression] as const,
        ),
        templates: row.responseTemplates ?? {},
      },
    ]),
  );
}
