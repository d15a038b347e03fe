import { isList, isMap, type MutableMap, type Value, type ValueMap } from '../template/value.ts';
import { ApiAuth } from './api-auth.ts';
import {
  addComponents,
  addCors,
  type Cors,
  type Definition,
  editable,
  emptyDefinition,
  gatewayResponses,
  secureAll,
} from './api-definition.ts';
import { ResourceProblem } from './problem.ts';
import {
  checkProperties,
  type Generated,
  hashOf,
  passedOn,
  present,
  type Resource,
  refTo,
  s3Location,
  tagList,
} from './resource.ts';

const TYPE = 'AWS::Serverless::Api';
const STAGE = [
  'AccessLogSetting',
  'CacheClusterEnabled',
  'CacheClusterSize',
  'CanarySetting',
  'MethodSettings',
  'TracingEnabled',
  'Variables',
];
const KNOWN = [
  ...STAGE,
  ...`ApiKeySourceType Auth BinaryMediaTypes Cors DefinitionBody DefinitionUri Description DisableExecuteApiEndpoint
EndpointConfiguration FailOnWarnings GatewayResponses MinimumCompressionSize Mode Models Name OpenApiVersion
PropagateTags StageName Tags`.split(/\s+/),
];
const NOT_YET = [
  'AlwaysDeploy',
  'Domain',
  'MergeDefinitions',
  'Policy',
  'SecurityPolicy',
  'EndpointAccessMode',
];
const NO_VALUE: ValueMap = { Ref: 'AWS::NoValue' };

/** The logical id of the API that events without one share. */
export const IMPLICIT_API = 'ServerlessRestApi';

interface Method {
  readonly path: string;
  readonly method: string;
  readonly condition: string | undefined;
}

/** A REST API under transformation: functions add their methods, then {@link generate} writes it down. */
export class Api {
  readonly logicalId: string;
  readonly auth: ApiAuth;
  /** SAM writes the definition, from events. */
  readonly managed: boolean;
  readonly openApi3: boolean;
  readonly #resource: Resource;
  readonly #definition: Definition | undefined;
  readonly #methods: Method[] = [];
  readonly #validators: Record<string, ValueMap> = {};

  constructor(logicalId: string, resource: Resource) {
    const { Properties: properties } = resource;
    checkProperties(logicalId, TYPE, properties, KNOWN, NOT_YET);
    const { StageName, DefinitionBody, DefinitionUri, OpenApiVersion } = properties;
    if (StageName === undefined)
      throw new ResourceProblem(logicalId, "Missing required property 'StageName'.");
    if (DefinitionBody !== undefined && DefinitionUri !== undefined) {
      throw new ResourceProblem(
        logicalId,
        "Specify either 'DefinitionUri' or 'DefinitionBody' property and not both.",
      );
    }
    this.logicalId = logicalId;
    this.#resource = resource;
    this.auth = new ApiAuth(logicalId, properties['Auth']);
    this.managed = DefinitionBody === undefined && DefinitionUri === undefined;
    const version = OpenApiVersion === undefined ? undefined : String(OpenApiVersion);
    this.#definition = this.managed
      ? emptyDefinition(version)
      : isMap(DefinitionBody)
        ? editable(DefinitionBody)
        : undefined;
    this.openApi3 = this.#definition?.['openapi'] !== undefined;
  }

  get stageSuffix(): string {
    const { StageName } = this.#resource.Properties;
    if (typeof StageName !== 'string') return 'Stage';
    return /^[A-Za-z0-9]+$/.test(StageName) ? StageName : hashOf(StageName);
  }

  get stageId(): string {
    const { StageName } = this.#resource.Properties;
    if (typeof StageName !== 'string') return `${this.logicalId}Stage`;
    return /^[A-Za-z0-9]+$/.test(StageName)
      ? `${this.logicalId}${StageName}Stage`
      : `${this.logicalId}Stage${hashOf(StageName)}`;
  }

  get isEmpty(): boolean {
    return this.#methods.length === 0;
  }

  hasModel(name: string): boolean {
    const { Models } = this.#resource.Properties;
    return isMap(Models) && Models[name] !== undefined;
  }

  addValidator(body: boolean, parameters: boolean): string {
    const name =
      body && parameters ? 'full' : body ? 'body-only' : parameters ? 'params-only' : 'NO_VALIDATE';
    this.#validators[name] = { validateRequestBody: body, validateRequestParameters: parameters };
    return name;
  }

  addMethod(path: string, method: string, operation: ValueMap, condition: Value | undefined): void {
    if (this.#definition === undefined) return;
    const methods = (this.#definition.paths[path] ??= {});
    if (methods[method] !== undefined) {
      throw new ResourceProblem(
        this.logicalId,
        `API method "${method}" defined multiple times for path "${path}".`,
      );
    }
    const named = typeof condition === 'string' ? condition : undefined;
    methods[method] = (
      named === undefined ? operation : { 'Fn::If': [named, operation, NO_VALUE] }
    ) as MutableMap;
    this.#methods.push({ path, method, condition: named });
  }

  /** The API, its deployment and stage, and its usage plan; `conditions` gains what paths need. */
  generate(conditions: Record<string, Value>): Generated {
    const { Properties: properties } = this.#resource;
    const body = this.#finish(conditions);
    const restApi = this.#restApi(body);
    const attributes = passedOn(this.#resource, [
      'DependsOn',
      'Condition',
      'DeletionPolicy',
      'UpdateReplacePolicy',
      'Metadata',
    ]);
    const inherited = passedOn(this.#resource);
    const condition = this.managed ? this.#apiCondition(conditions) : undefined;
    const conditional = condition === undefined ? {} : { Condition: condition };
    const digest = hashOf(body ?? restApi['BodyS3Location'] ?? {}, 40);
    const deploymentId = this.deploymentId(body ?? restApi['BodyS3Location'] ?? {});
    return {
      [this.logicalId]: {
        Type: 'AWS::ApiGateway::RestApi',
        ...attributes,
        ...conditional,
        Properties: restApi,
      },
      [deploymentId]: {
        Type: 'AWS::ApiGateway::Deployment',
        ...inherited,
        ...conditional,
        Properties: {
          Description: `RestApi deployment id: ${digest}`,
          RestApiId: refTo(this.logicalId),
          ...(properties['OpenApiVersion'] === undefined ? { StageName: 'Stage' } : {}),
        },
      },
      [this.stageId]: {
        Type: 'AWS::ApiGateway::Stage',
        ...inherited,
        ...conditional,
        Properties: present({
          ...Object.fromEntries(STAGE.map((name) => [name, properties[name]])),
          DeploymentId: refTo(deploymentId),
          RestApiId: refTo(this.logicalId),
          StageName: properties['StageName'],
          Tags: properties['Tags'] === undefined ? undefined : tagList(properties['Tags']),
        }),
      },
      ...this.auth.permissions(),
    };
  }

  deploymentId(definition: Value): string {
    return `${this.logicalId}Deployment${hashOf(definition)}`;
  }

  #restApi(body: ValueMap | undefined): ValueMap {
    const { Properties: properties } = this.#resource;
    const { EndpointConfiguration: endpoint, DefinitionUri, DefinitionBody, BinaryMediaTypes } = properties;
    const types =
      isMap(endpoint) && endpoint['Type'] !== undefined
        ? [endpoint['Type']]
        : isMap(endpoint)
          ? undefined
          : endpoint === undefined
            ? undefined
            : [endpoint];
    const uri =
      DefinitionUri === undefined ? undefined : s3Location(DefinitionUri, this.logicalId, 'DefinitionUri');
    return present({
      Body: body ?? DefinitionBody,
      BodyS3Location:
        uri && present({ Bucket: uri['S3Bucket'], Key: uri['S3Key'], Version: uri['S3ObjectVersion'] }),
      Name: properties['Name'],
      Description: properties['Description'],
      ApiKeySourceType: properties['ApiKeySourceType'],
      BinaryMediaTypes,
      EndpointConfiguration:
        types &&
        present({
          Types: types,
          VpcEndpointIds: isMap(endpoint)
            ? (endpoint['VPCEndpointIds'] ?? endpoint['VpcEndpointIds'])
            : undefined,
        }),
      Parameters: types && { endpointConfigurationTypes: types[0] ?? '' },
      FailOnWarnings: properties['FailOnWarnings'],
      MinimumCompressionSize: properties['MinimumCompressionSize'],
      Mode: properties['Mode'],
      Tags:
        properties['PropagateTags'] === true && properties['Tags'] !== undefined
          ? tagList(properties['Tags'])
          : undefined,
    });
  }

  /** Everything the properties add to the definition. */
  #finish(conditions: Record<string, Value>): ValueMap | undefined {
    const { Properties: properties } = this.#resource;
    const definition = this.#definition;
    const editing = ['Cors', 'Auth', 'GatewayResponses', 'Models'].filter(
      (name) => properties[name] !== undefined,
    );
    if (definition === undefined) {
      const [name] = editing;
      if (name === undefined) return undefined;
      throw new ResourceProblem(
        this.logicalId,
        `${name} works only with inline Swagger specified in 'DefinitionBody' property.`,
      );
    }
    if (!this.managed) secureAll(definition, this.auth);
    const { Cors: cors, GatewayResponses, Models, BinaryMediaTypes, DisableExecuteApiEndpoint } = properties;
    if (cors !== undefined) addCors(definition, this.#cors(cors), this.auth);
    addComponents(definition, {
      security: this.auth.definitions(),
      models: isMap(Models)
        ? Object.fromEntries(Object.entries(Models).map(([name, model]) => [name.toLowerCase(), model]))
        : undefined,
    });
    const extras: Readonly<Record<string, Value | undefined>> = {
      'x-amazon-apigateway-gateway-responses': isMap(GatewayResponses)
        ? gatewayResponses(GatewayResponses)
        : undefined,
      'x-amazon-apigateway-policy': this.auth.policy(),
      'x-amazon-apigateway-binary-media-types': isList(BinaryMediaTypes)
        ? BinaryMediaTypes.map((one) => (typeof one === 'string' ? one.replaceAll('~1', '/') : one))
        : undefined,
      'x-amazon-apigateway-request-validators':
        Object.keys(this.#validators).length === 0 ? undefined : this.#validators,
      'x-amazon-apigateway-endpoint-configuration':
        DisableExecuteApiEndpoint === undefined
          ? undefined
          : { disableExecuteApiEndpoint: DisableExecuteApiEndpoint },
    };
    for (const [name, value] of Object.entries(extras)) if (value !== undefined) definition[name] = value;
    return this.#conditionalPaths(definition, conditions);
  }

  #cors(value: Value): Cors {
    if (!isMap(value) || value['Fn::Sub'] !== undefined || value['Ref'] !== undefined)
      return { AllowOrigin: value };
    const { AllowOrigin = "'*'", AllowCredentials } = value;
    if (AllowCredentials === true && AllowOrigin === "'*'") {
      throw new ResourceProblem(
        this.logicalId,
        "Unable to add Cors configuration because 'AllowCredentials' can not be true when 'AllowOrigin' is \"'*'\" or not set",
      );
    }
    return { ...value, AllowOrigin };
  }

  /** A path whose every method hangs on a condition is there only when one of them holds. */
  #conditionalPaths(definition: Definition, conditions: Record<string, Value>): ValueMap {
    const paths: MutableMap = {};
    for (const [path, methods] of Object.entries(definition.paths)) {
      const own = this.#methods.filter((method) => method.path === path).map(({ condition }) => condition);
      const part = path.replaceAll('/', 'SLASH').replaceAll('{', 'OB').replaceAll('}', 'CB');
      const condition = anyOf(own, `${this.logicalId}${part}PathCondition`, conditions);
      paths[path] = condition === undefined ? methods : { 'Fn::If': [condition, methods, NO_VALUE] };
    }
    return { ...definition, paths };
  }

  #apiCondition(conditions: Record<string, Value>): string | undefined {
    if (this.logicalId !== IMPLICIT_API) return undefined;
    const all = this.#methods.map(({ condition }) => condition);
    return anyOf(all, `${IMPLICIT_API}Condition`, conditions);
  }
}

/** The condition under which one of `names` holds; undefined when one is always there. */
function anyOf(
  names: readonly (string | undefined)[],
  combined: string,
  conditions: Record<string, Value>,
): string | undefined {
  const distinct = [...new Set(names)];
  if (distinct.length === 0 || distinct.includes(undefined)) return undefined;
  const [first] = distinct;
  if (distinct.length === 1) return first;
  conditions[combined] = {
    'Fn::Or': distinct
      .map(String)
      .sort()
      .map((Condition) => ({ Condition })),
  };
  return combined;
}

/** Usage plans of APIs that ask for one; those that share it share keys too. */
export function usagePlans(apis: readonly Api[]): Generated {
  const generated: Generated = {};
  const shared: Api[] = [];
  for (const api of apis) {
    const plan = api.auth.usagePlan;
    const how = plan?.['CreateUsagePlan'];
    if (plan === undefined || how === 'NONE') continue;
    if (how === 'SHARED') shared.push(api);
    else if (how === 'PER_API') Object.assign(generated, usagePlan(api.logicalId, [api], plan));
    else {
      throw new ResourceProblem(
        api.logicalId,
        "'CreateUsagePlan' is required field inside UsagePlan properties, and must be one of ['NONE', 'SHARED', 'PER_API'].",
      );
    }
  }
  const plan = shared.at(-1)?.auth.usagePlan;
  return plan === undefined ? generated : { ...generated, ...usagePlan('Serverless', shared, plan) };
}

function usagePlan(prefix: string, apis: readonly Api[], plan: ValueMap): Generated {
  const planId = `${prefix}UsagePlan`;
  const keyId = `${prefix}ApiKey`;
  const { UsagePlanName, Description, Quota, Throttle, Tags } = plan;
  return {
    [planId]: {
      Type: 'AWS::ApiGateway::UsagePlan',
      DependsOn: apis.map(({ logicalId }) => logicalId),
      Properties: present({
        ApiStages: apis.map(({ logicalId, stageId }) => ({ ApiId: refTo(logicalId), Stage: refTo(stageId) })),
        UsagePlanName,
        Description,
        Quota,
        Throttle,
        Tags,
      }),
    },
    [keyId]: {
      Type: 'AWS::ApiGateway::ApiKey',
      DependsOn: [planId],
      Properties: {
        Enabled: true,
        StageKeys: apis.map(({ logicalId, stageId }) => ({
          RestApiId: refTo(logicalId),
          StageName: refTo(stageId),
        })),
      },
    },
    [`${prefix}UsagePlanKey`]: {
      Type: 'AWS::ApiGateway::UsagePlanKey',
      DependsOn: [keyId],
      Properties: { KeyId: refTo(keyId), KeyType: 'API_KEY', UsagePlanId: refTo(planId) },
    },
  };
}
