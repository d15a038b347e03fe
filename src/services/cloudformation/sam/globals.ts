import { isList, isMap, type MutableMap, type Value, type ValueMap } from '../template/value.ts';
import { documentProblem } from './problem.ts';
import { isIntrinsic } from './resource.ts';

/** What may be said for all resources of a type at once. */
const SUPPORTED: Readonly<Record<string, readonly string[]>> = {
  Api: `Auth Name DefinitionUri CacheClusterEnabled CacheClusterSize MergeDefinitions Variables EndpointConfiguration
MethodSettings BinaryMediaTypes MinimumCompressionSize Cors GatewayResponses AccessLogSetting CanarySetting
TracingEnabled OpenApiVersion Domain AlwaysDeploy PropagateTags SecurityPolicy EndpointAccessMode`.split(
    /\s+/,
  ),
  CapacityProvider:
    `VpcConfig OperatorRole Tags InstanceRequirements ScalingConfig KmsKeyArn PropagateTags`.split(' '),
  Function: `Handler Runtime CodeUri DeadLetterQueue Description MemorySize Timeout VpcConfig Environment Tags
PropagateTags Tracing KmsKeyArn AutoPublishAlias AutoPublishAliasAllProperties Layers DeploymentPreference RolePath
PermissionsBoundary ReservedConcurrentExecutions ProvisionedConcurrencyConfig AssumeRolePolicyDocument
EventInvokeConfig FileSystemConfigs CodeSigningConfigArn Architectures SnapStart EphemeralStorage FunctionUrlConfig
RuntimeManagementConfig LoggingConfig RecursiveLoop SourceKMSKeyArn TenancyConfig DurableConfig
CapacityProviderConfig FunctionScalingConfig PublishToLatestPublished VersionDeletionPolicy`.split(/\s+/),
  HttpApi:
    `Auth AccessLogSettings StageVariables Tags CorsConfiguration DefaultRouteSettings Domain RouteSettings
FailOnWarnings PropagateTags`.split(/\s+/),
  LayerVersion: ['PublishLambdaVersion'],
  SimpleTable: ['SSESpecification'],
  StateMachine: ['PropagateTags'],
  WebSocketApi: `AccessLogSettings ApiKeySelectionExpression DefaultRouteSettings DisableExecuteApiEndpoint
DisableSchemaValidation Domain FailOnWarnings IpAddressType PropagateTags RouteSelectionExpression RouteSettings
StageVariables Tags`.split(/\s+/),
};

function names(list: readonly string[]): string {
  return `[${list.map((name) => `'${name}'`).join(', ')}]`;
}

/** Checks the Globals section. */
export function readGlobals(section: Value | undefined): ValueMap {
  if (section === undefined) return {};
  const refused = (detail: string) => documentProblem([`'Globals' section is invalid. ${detail}`]);
  if (!isMap(section)) throw refused('It must be a non-empty dictionary');
  for (const [type, properties] of Object.entries(section)) {
    const supported = SUPPORTED[type];
    if (supported === undefined) {
      throw refused(
        `'${type}' is not supported. Must be one of the following values - ${names(Object.keys(SUPPORTED))}`,
      );
    }
    if (!isMap(properties)) throw refused(`Value of ${type} must be a dictionary`);
    for (const name of Object.keys(properties)) {
      if (!supported.includes(name)) {
        throw refused(
          `'${name}' is not a supported property of '${type}'. Must be one of the following values - ${names(supported)}`,
        );
      }
    }
  }
  return section;
}

/**
 * A resource's properties over the global ones: maps merge, lists are joined (global first), anything else is
 * replaced. https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
 * @param ignore the resource's `IgnoreGlobals`: `*` or names
 */
export function withGlobals(
  globals: ValueMap,
  type: string,
  properties: ValueMap,
  ignore: Value | undefined,
): ValueMap {
  const all = globals[type.replace('AWS::Serverless::', '')];
  if (!isMap(all) || ignore === '*') return properties;
  const wanted = isList(ignore)
    ? Object.fromEntries(Object.entries(all).filter(([name]) => !ignore.includes(name)))
    : all;
  return merge(wanted, properties) as ValueMap;
}

function merge(global: Value, local: Value): Value {
  if (isMap(global) && isMap(local) && !isIntrinsic(global) && !isIntrinsic(local)) {
    const result: MutableMap = { ...global };
    for (const [key, value] of Object.entries(local)) {
      const inherited = global[key];
      result[key] = inherited === undefined ? value : merge(inherited, value);
    }
    return result;
  }
  return isList(global) && isList(local) ? [...global, ...local] : local;
}
