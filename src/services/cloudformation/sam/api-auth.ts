import { isList, isMap, type MutableMap, type Value, type ValueMap } from '../template/value.ts';
import { ResourceProblem } from './problem.ts';
import { type Generated, present, refTo } from './resource.ts';

const ANY_CALLER = 'arn:aws:iam::*:user/*';

function textList(value: Value | undefined): readonly string[] {
  return isList(value) ? value.map(String) : [];
}

/** One entry of `securityDefinitions`, for an authorizer a template names. */
function definition(apiId: string, name: string, authorizer: Value): ValueMap {
  if (!isMap(authorizer)) throw new ResourceProblem(apiId, `Authorizer ${name} must be a dictionary.`);
  const identity = isMap(authorizer['Identity']) ? authorizer['Identity'] : {};
  const ttl = identity['ReauthorizeEvery'];
  const { UserPoolArn, FunctionArn, FunctionInvokeRole } = authorizer;
  if (UserPoolArn !== undefined) {
    return {
      type: 'apiKey',
      name: identity['Header'] ?? 'Authorization',
      in: 'header',
      'x-amazon-apigateway-authtype': 'cognito_user_pools',
      'x-amazon-apigateway-authorizer': present({
        type: 'cognito_user_pools',
        providerARNs: isList(UserPoolArn) ? UserPoolArn : [UserPoolArn],
        identityValidationExpression: identity['ValidationExpression'],
      }),
    };
  }
  if (FunctionArn === undefined) {
    throw new ResourceProblem(apiId, `Authorizer ${name} must have a UserPoolArn or a FunctionArn.`);
  }
  const payload = authorizer['FunctionPayloadType'] ?? 'TOKEN';
  if (payload !== 'TOKEN' && payload !== 'REQUEST') {
    throw new ResourceProblem(
      apiId,
      `${name} Authorizer has invalid 'FunctionPayloadType': ${String(payload)}.`,
    );
  }
  const sources = [
    ...textList(identity['Headers']).map((one) => `method.request.header.${one}`),
    ...textList(identity['QueryStrings']).map((one) => `method.request.querystring.${one}`),
    ...textList(identity['StageVariables']).map((one) => `stageVariables.${one}`),
    ...textList(identity['Context']).map((one) => `context.${one}`),
  ];
  if (payload === 'REQUEST' && sources.length === 0 && ttl !== 0) {
    throw new ResourceProblem(
      apiId,
      `${name} Authorizer must specify Identity with at least one of Headers, QueryStrings, StageVariables, or Context.`,
    );
  }
  return {
    type: 'apiKey',
    name: payload === 'REQUEST' ? 'Unused' : (identity['Header'] ?? 'Authorization'),
    in: 'header',
    'x-amazon-apigateway-authtype': 'custom',
    'x-amazon-apigateway-authorizer': present({
      type: payload.toLowerCase(),
      authorizerUri: {
        'Fn::Sub': [
          // biome-ignore lint/suspicious/noTemplateCurlyInString: it is CloudFormation's own syntax
          'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${__FunctionArn__}/invocations',
          { __FunctionArn__: FunctionArn },
        ],
      },
      authorizerCredentials: FunctionInvokeRole === 'NONE' ? undefined : FunctionInvokeRole,
      authorizerResultTtlInSeconds: ttl,
      identitySource: payload === 'REQUEST' && sources.length > 0 ? sources.join(', ') : undefined,
      identityValidationExpression: payload === 'TOKEN' ? identity['ValidationExpression'] : undefined,
    }),
  };
}

const IAM_DEFINITION: ValueMap = {
  type: 'apiKey',
  name: 'Authorization',
  in: 'header',
  'x-amazon-apigateway-authtype': 'awsSigv4',
};
const KEY_DEFINITION: ValueMap = { type: 'apiKey', name: 'x-api-key', in: 'header' };
const KNOWN = [
  'AddApiKeyRequiredToCorsPreflight',
  'AddDefaultAuthorizerToCorsPreflight',
  'ApiKeyRequired',
  'Authorizers',
  'DefaultAuthorizer',
  'InvokeRole',
  'ResourcePolicy',
  'UsagePlan',
];

/** An API's `Auth` property. */
export class ApiAuth {
  readonly #apiId: string;
  readonly #auth: ValueMap;
  readonly #authorizers: ValueMap;
  readonly #used = new Set<string>();

  constructor(apiId: string, auth: Value | undefined) {
    this.#apiId = apiId;
    this.#auth = isMap(auth) ? auth : {};
    const unknown = Object.keys(this.#auth).find((name) => !KNOWN.includes(name));
    if (unknown !== undefined)
      throw new ResourceProblem(apiId, `Invalid value for 'Auth' property: ${unknown}`);
    this.#authorizers = isMap(this.#auth['Authorizers']) ? this.#auth['Authorizers'] : {};
    const named = this.default;
    if (named !== undefined && named !== 'AWS_IAM' && this.#authorizers[named] === undefined) {
      throw new ResourceProblem(
        apiId,
        `Unable to set DefaultAuthorizer because '${named}' was not defined in 'Authorizers'.`,
      );
    }
  }

  get default(): string | undefined {
    const name = this.#auth['DefaultAuthorizer'];
    return typeof name === 'string' ? name : undefined;
  }

  get usagePlan(): ValueMap | undefined {
    return isMap(this.#auth['UsagePlan']) ? this.#auth['UsagePlan'] : undefined;
  }

  get needsKey(): boolean {
    return this.#auth['ApiKeyRequired'] === true;
  }

  /** The scopes an authorizer asks for by itself. */
  #scopes(name: string): readonly Value[] {
    const authorizer = this.#authorizers[name];
    return isMap(authorizer) && isList(authorizer['AuthorizationScopes'])
      ? authorizer['AuthorizationScopes']
      : [];
  }

  /** The requirement of one method, and the role its integration is called under. */
  ofMethod(
    own: ValueMap,
    at: { readonly method: string; readonly path: string; readonly problem: (message: string) => Error },
  ): { readonly security: readonly ValueMap[] | undefined; readonly credentials: Value | undefined } {
    const given = own['Authorizer'];
    const name = typeof given === 'string' ? given : this.default;
    if (
      typeof given === 'string' &&
      given !== 'NONE' &&
      given !== 'AWS_IAM' &&
      this.#authorizers[given] === undefined
    ) {
      const none = Object.keys(this.#authorizers).length === 0;
      throw at.problem(
        `Unable to set Authorizer [${given}] on API method [${at.method}] for path [${at.path}] because ${
          none
            ? 'the related API does not define any Authorizers.'
            : `'${given}' was not defined in the API's 'Authorizers'.`
        }`,
      );
    }
    if (given === 'NONE' && this.default === undefined) {
      throw at.problem(
        `Unable to set Authorizer on API method [${at.method}] for path [${at.path}] because 'NONE' is only a valid value when a DefaultAuthorizer on the API is specified.`,
      );
    }
    const security: ValueMap[] = [];
    const ownKey = own['ApiKeyRequired'];
    if (ownKey === true) security.push({ api_key: [] });
    if (name !== undefined) {
      const scopes = isList(own['AuthorizationScopes']) ? own['AuthorizationScopes'] : this.#scopes(name);
      const keyed = this.needsKey || ownKey !== undefined;
      // Beside a key, "no authorizer" is said by naming none.
      if (name !== 'NONE' || !keyed) security.push({ [name]: scopes });
      if (name !== 'NONE') this.#used.add(name);
    }
    if (this.needsKey && ownKey === undefined) security.push({ api_key: [] });
    if (security.some((one) => one['api_key'] !== undefined)) this.#used.add('api_key');
    const said = name !== undefined || ownKey !== undefined || this.needsKey;
    return {
      security: said ? security : undefined,
      credentials: name === 'AWS_IAM' ? this.#credentials(own) : undefined,
    };
  }

  #credentials(own: ValueMap): Value | undefined {
    const role = own['InvokeRole'] ?? this.#auth['InvokeRole'] ?? 'CALLER_CREDENTIALS';
    if (role === 'NONE') return undefined;
    return role === 'CALLER_CREDENTIALS' ? ANY_CALLER : role;
  }

  /** The requirement of a preflight method SAM makes; undefined for none. */
  ofPreflight(): readonly ValueMap[] | undefined {
    const security: ValueMap[] = [];
    if (this.default !== undefined && this.#auth['AddDefaultAuthorizerToCorsPreflight'] !== false) {
      security.push({ [this.default]: this.#scopes(this.default) });
    }
    if (this.needsKey && this.#auth['AddApiKeyRequiredToCorsPreflight'] !== false)
      security.push({ api_key: [] });
    return security.length === 0 ? undefined : security;
  }

  /** `securityDefinitions`: every authorizer the API defines, and what its methods use besides. */
  definitions(): ValueMap | undefined {
    const all: MutableMap = {};
    for (const [name, authorizer] of Object.entries(this.#authorizers)) {
      all[name] = definition(this.#apiId, name, authorizer);
    }
    if (this.default === 'AWS_IAM' || this.#used.has('AWS_IAM')) all['AWS_IAM'] = IAM_DEFINITION;
    if (this.needsKey || this.#used.has('api_key')) all['api_key'] = KEY_DEFINITION;
    return Object.keys(all).length === 0 ? undefined : all;
  }

  /** Lets API Gateway call the functions that authorize. */
  permissions(): Generated {
    const generated: Generated = {};
    for (const [name, authorizer] of Object.entries(this.#authorizers)) {
      const map = isMap(authorizer) ? authorizer : {};
      if (map['FunctionArn'] === undefined || map['DisableFunctionDefaultPermissions'] === true) continue;
      generated[`${this.#apiId}${name}AuthorizerPermission`] = {
        Type: 'AWS::Lambda::Permission',
        Properties: {
          Action: 'lambda:InvokeFunction',
          FunctionName: map['FunctionArn'],
          Principal: 'apigateway.amazonaws.com',
          SourceArn: {
            'Fn::Sub': [
              // biome-ignore lint/suspicious/noTemplateCurlyInString: it is CloudFormation's own syntax
              'arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*',
              { __ApiId__: refTo(this.#apiId) },
            ],
          },
        },
      };
    }
    return generated;
  }

  /** The API's resource policy. */
  policy(): ValueMap | undefined {
    const given = this.#auth['ResourcePolicy'];
    if (!isMap(given)) return undefined;
    const { CustomStatements, ...others } = given;
    const [other] = Object.keys(others);
    if (other !== undefined) {
      throw new ResourceProblem(this.#apiId, `Lambent does not transform ${other} of a ResourcePolicy yet.`);
    }
    return {
      Version: '2012-10-17',
      Statement: isList(CustomStatements)
        ? CustomStatements
        : CustomStatements === undefined
          ? []
          : [CustomStatements],
    };
  }
}
