import { equalValues, isMap, type MutableMap, type Value, type ValueMap } from '../template/value.ts';
import { readPolicies, replaceRefs } from './policy.ts';
import { ResourceProblem } from './problem.ts';
import {
  attributeOf,
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

const TYPE = 'AWS::Serverless::Function';
const AS_GIVEN =
  `CodeSigningConfigArn Description EphemeralStorage FileSystemConfigs FunctionName Handler ImageConfig
KmsKeyArn Layers LoggingConfig MemorySize PackageType RecursiveLoop ReservedConcurrentExecutions Role Runtime
RuntimeManagementConfig SnapStart Timeout VpcConfig Architectures Environment`.split(/\s+/);
const KNOWN = [
  ...AS_GIVEN,
  ...`AssumeRolePolicyDocument AutoPublishAlias AutoPublishAliasAllProperties AutoPublishCodeSha256 CodeUri
DeadLetterQueue EventInvokeConfig Events FunctionUrlConfig ImageUri InlineCode PermissionsBoundary Policies
PropagateTags ProvisionedConcurrencyConfig RolePath Tags Tracing VersionDeletionPolicy VersionDescription`.split(
    /\s+/,
  ),
];
const NOT_YET = `DeploymentPreference SourceKMSKeyArn CapacityProviderConfig FunctionScalingConfig
PublishToLatestPublished TenancyConfig DurableConfig`.split(/\s+/);
const BASIC_EXECUTION = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';
const MARK = 'lambda:createdBy';

/** A function while its events are added: they put policies on its role and may name its alias. */
export interface FunctionUnderWay {
  readonly logicalId: string;
  readonly resource: Resource;
  /** What invokes the function: its name, or its alias. */
  readonly target: ValueMap;
  /** The same as an ARN. */
  readonly targetArn: ValueMap;
  /** Set when SAM makes the function's role. */
  readonly role: { readonly managed: Value[]; readonly inline: ValueMap[] } | undefined;
  /** The logical ids `F.Alias` and `F.Version` stand for. */
  readonly alias: string | undefined;
  readonly version: string | undefined;
}

function codeOf(logicalId: string, properties: ValueMap): ValueMap {
  const { CodeUri, InlineCode, ImageUri, PackageType, Handler, Runtime } = properties;
  if (PackageType === 'Image' || ImageUri !== undefined) {
    if (ImageUri === undefined) throw new ResourceProblem(logicalId, "'ImageUri' must be set.");
    return { ImageUri };
  }
  if (Handler === undefined || Runtime === undefined) {
    throw new ResourceProblem(
      logicalId,
      'Runtime and Handler needs to be present when PackageType is of type `Zip`',
    );
  }
  if ((CodeUri === undefined) === (InlineCode === undefined)) {
    throw new ResourceProblem(logicalId, "Only one of 'InlineCode' or 'CodeUri' can be set.");
  }
  return InlineCode === undefined ? s3Location(CodeUri, logicalId, 'CodeUri') : { ZipFile: InlineCode };
}

const DEAD_LETTER_ACTIONS: Readonly<Record<string, string>> = { SQS: 'sqs:SendMessage', SNS: 'sns:Publish' };

function deadLetter(logicalId: string, value: Value | undefined): ValueMap | undefined {
  if (value === undefined) return undefined;
  const { Type, TargetArn } = isMap(value) ? value : {};
  if (typeof Type !== 'string' || TargetArn === undefined || DEAD_LETTER_ACTIONS[Type] === undefined) {
    throw new ResourceProblem(
      logicalId,
      "'DeadLetterQueue' requires Type and TargetArn properties to be specified.",
    );
  }
  return { Type, TargetArn };
}

/** The function itself, its role, versions, alias, address and asynchronous configuration. */
export function transformFunction(
  logicalId: string,
  resource: Resource,
  parameters: ReadonlyMap<string, string>,
  generated: Generated,
): FunctionUnderWay {
  const { Properties: properties } = resource;
  checkProperties(logicalId, TYPE, properties, KNOWN, NOT_YET);
  if (properties['PropagateTags'] === true) {
    throw new ResourceProblem(logicalId, 'Lambent does not transform PropagateTags of functions yet.');
  }
  if (properties['Events'] !== undefined && !isMap(properties['Events'])) {
    throw new ResourceProblem(logicalId, "Type of property 'Events' is invalid.");
  }
  const queue = deadLetter(logicalId, properties['DeadLetterQueue']);
  const Code = codeOf(logicalId, properties);
  const roleId = `${logicalId}Role`;
  const own: MutableMap = { Code };
  for (const name of AS_GIVEN) {
    const value = properties[name];
    if (value !== undefined) own[name] = value;
  }
  if (queue !== undefined) own['DeadLetterConfig'] = { TargetArn: queue['TargetArn'] ?? '' };
  own['Tags'] = tagList(properties['Tags'], MARK);
  const { Tracing } = properties;
  if (Tracing !== undefined && Tracing !== 'Disabled') own['TracingConfig'] = { Mode: Tracing };
  if (properties['Role'] === undefined) own['Role'] = attributeOf(roleId, 'Arn');
  generated[logicalId] = {
    Type: 'AWS::Lambda::Function',
    ...passedOn(resource, ['DependsOn', 'Condition', 'DeletionPolicy', 'UpdateReplacePolicy', 'Metadata']),
    Properties: own,
  };
  const { alias, version } = publish(logicalId, resource, own, parameters, generated);
  const role = properties['Role'] === undefined ? rolePolicies(logicalId, properties, queue) : undefined;
  functionUrl(logicalId, resource, alias, generated);
  eventInvokeConfig(logicalId, resource, alias, role, generated);
  const target = refTo(alias ?? logicalId);
  const targetArn = alias === undefined ? attributeOf(logicalId, 'Arn') : target;
  return { logicalId, resource, target, targetArn, role, alias, version };
}

function rolePolicies(logicalId: string, properties: ValueMap, queue: ValueMap | undefined) {
  const policies = readPolicies(properties['Policies'], logicalId, `${logicalId}Role`);
  const traced = properties['Tracing'] !== undefined && properties['Tracing'] !== 'Disabled';
  const type = queue?.['Type'];
  return {
    managed: [
      BASIC_EXECUTION,
      ...(traced ? ['arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess'] : []),
      ...(properties['VpcConfig'] === undefined
        ? []
        : ['arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole']),
      ...policies.managed,
    ],
    inline: [
      ...(queue === undefined
        ? []
        : [
            {
              PolicyName: 'DeadLetterQueuePolicy',
              PolicyDocument: {
                Version: '2012-10-17',
                Statement: [
                  {
                    Action: DEAD_LETTER_ACTIONS[String(type)] ?? '',
                    Resource: queue['TargetArn'] ?? '',
                    Effect: 'Allow',
                  },
                ],
              },
            },
          ]),
      ...policies.inline,
    ],
  };
}

/** The role as it is once every event has said what it needs. */
export function functionRole({ logicalId, resource, role }: FunctionUnderWay): Generated {
  if (role === undefined) return {};
  const { AssumeRolePolicyDocument, RolePath, PermissionsBoundary, Tags } = resource.Properties;
  return {
    [`${logicalId}Role`]: {
      Type: 'AWS::IAM::Role',
      ...passedOn(resource),
      Properties: present({
        AssumeRolePolicyDocument: AssumeRolePolicyDocument ?? trust('lambda.amazonaws.com'),
        ManagedPolicyArns: [...new Set(role.managed)],
        Policies: role.inline.length === 0 ? undefined : role.inline,
        Path: RolePath,
        PermissionsBoundary,
        Tags: tagList(Tags, MARK),
      }),
    },
  };
}

export function trust(service: string): ValueMap {
  return {
    Version: '2012-10-17',
    Statement: [{ Action: ['sts:AssumeRole'], Effect: 'Allow', Principal: { Service: [service] } }],
  };
}

/** `AutoPublishAlias`: a version that is new when the code is, and an alias on it. */
function publish(
  logicalId: string,
  resource: Resource,
  own: MutableMap,
  parameters: ReadonlyMap<string, string>,
  generated: Generated,
): { readonly alias?: string; readonly version?: string } {
  const { Properties: properties } = resource;
  const known = (value: Value) => replaceRefs(value, (name) => parameters.get(name));
  const given = properties['AutoPublishAlias'];
  if (given === undefined) {
    if (properties['ProvisionedConcurrencyConfig'] !== undefined) {
      throw new ResourceProblem(
        logicalId,
        'To set ProvisionedConcurrencyConfig AutoPublishALias must be defined on the function',
      );
    }
    return {};
  }
  const name = known(given);
  if (typeof name !== 'string') {
    throw new ResourceProblem(
      logicalId,
      "'AutoPublishAlias' must be a string or a Ref to a template parameter",
    );
  }
  const sha = properties['AutoPublishCodeSha256'] && known(properties['AutoPublishCodeSha256']);
  if (typeof sha === 'string') {
    // A changed description is what makes CloudFormation look at the function again.
    const said = known(own['Description'] ?? '');
    if (typeof said === 'string') own['Description'] = said === '' ? sha : `${said} ${sha}`;
  }
  const snapStart = own['SnapStart'];
  const code = known(own['Code'] ?? {}) as ValueMap;
  const data: ValueMap =
    properties['AutoPublishAliasAllProperties'] === true
      ? withoutMadeRole(logicalId, own)
      : {
          ...code,
          ...(isMap(own['Environment']) ? own['Environment'] : {}),
          ...present({ MemorySize: own['MemorySize'] }),
          ...(isMap(snapStart) && (snapStart['ApplyOn'] ?? 'None') !== 'None'
            ? { SnapStart: snapStart }
            : {}),
        };
  const hash = typeof sha === 'string' ? sha.slice(0, 10) : hashOf(data);
  const version = `${logicalId}Version${hash}`;
  const alias = `${logicalId}Alias${name.replaceAll('-', 'D').replaceAll('_', 'U')}`;
  generated[version] = {
    Type: 'AWS::Lambda::Version',
    DeletionPolicy: properties['VersionDeletionPolicy'] ?? 'Retain',
    ...passedOn(resource),
    Properties: present({ FunctionName: refTo(logicalId), Description: properties['VersionDescription'] }),
  };
  generated[alias] = {
    Type: 'AWS::Lambda::Alias',
    ...passedOn(resource),
    Properties: present({
      Name: name,
      FunctionName: refTo(logicalId),
      FunctionVersion: attributeOf(version, 'Version'),
      ProvisionedConcurrencyConfig: properties['ProvisionedConcurrencyConfig'],
    }),
  };
  return { alias, version };
}

/** A role SAM makes is no property of the template's. */
function withoutMadeRole(logicalId: string, { Role, ...rest }: ValueMap): ValueMap {
  const made = equalValues(Role, attributeOf(`${logicalId}Role`, 'Arn'));
  return made || Role === undefined ? rest : { ...rest, Role };
}

function functionUrl(
  logicalId: string,
  resource: Resource,
  alias: string | undefined,
  generated: Generated,
): void {
  const { FunctionUrlConfig: config } = resource.Properties;
  if (config === undefined) return;
  if (!isMap(config) || config['AuthType'] === undefined) {
    throw new ResourceProblem(
      logicalId,
      'AuthType is required to configure function property `FunctionUrlConfig`. Please provide either AWS_IAM or NONE.',
    );
  }
  const attributes = passedOn(resource, ['Condition', 'DeletionPolicy', 'UpdateReplacePolicy']);
  const on = refTo(alias ?? logicalId);
  generated[`${logicalId}Url`] = {
    Type: 'AWS::Lambda::Url',
    ...attributes,
    Properties: present({
      TargetFunctionArn: on,
      AuthType: config['AuthType'],
      Cors: config['Cors'],
      InvokeMode: config['InvokeMode'],
    }),
  };
  if (config['AuthType'] !== 'NONE') return;
  generated[`${logicalId}UrlPublicPermissions`] = {
    Type: 'AWS::Lambda::Permission',
    ...attributes,
    Properties: {
      Action: 'lambda:InvokeFunctionUrl',
      FunctionName: on,
      Principal: '*',
      FunctionUrlAuthType: 'NONE',
    },
  };
  generated[`${logicalId}URLInvokeAllowPublicAccess`] = {
    Type: 'AWS::Lambda::Permission',
    ...attributes,
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: on,
      Principal: '*',
      InvokedViaFunctionUrl: true,
    },
  };
}

const DESTINATION_ACTIONS: Readonly<Record<string, string>> = {
  SQS: 'sqs:SendMessage',
  SNS: 'sns:Publish',
  Lambda: 'lambda:InvokeFunction',
  EventBridge: 'events:PutEvents',
  S3Bucket: 's3:PutObject',
};

function eventInvokeConfig(
  logicalId: string,
  resource: Resource,
  alias: string | undefined,
  role: FunctionUnderWay['role'],
  generated: Generated,
): void {
  const { EventInvokeConfig: config, AutoPublishAlias } = resource.Properties;
  if (!isMap(config)) return;
  const id = `${logicalId}EventInvokeConfig`;
  const destinations: MutableMap = {};
  for (const name of ['OnSuccess', 'OnFailure']) {
    const given = isMap(config['DestinationConfig']) ? config['DestinationConfig'][name] : undefined;
    if (!isMap(given)) continue;
    const { Type, Destination } = given;
    const action = DESTINATION_ACTIONS[String(Type)];
    if (action === undefined) {
      throw new ResourceProblem(
        logicalId,
        `'Type: ${String(Type)}' must be one of ['SQS', 'SNS', 'EventBridge', 'Lambda', 'S3Bucket']`,
      );
    }
    if (Destination === undefined) {
      throw new ResourceProblem(
        logicalId,
        `Lambent does not make the ${name} destination of a function yet: name one.`,
      );
    }
    destinations[name] = { Destination };
    role?.inline.push({
      PolicyName: `${id}${name}${String(Type)}Policy`,
      PolicyDocument: { Statement: [{ Action: action, Effect: 'Allow', Resource: Destination }] },
    });
  }
  generated[id] = {
    Type: 'AWS::Lambda::EventInvokeConfig',
    ...(alias === undefined ? {} : { DependsOn: [alias] }),
    ...passedOn(resource, ['Condition', 'DeletionPolicy', 'UpdateReplacePolicy', 'Metadata']),
    Properties: present({
      DestinationConfig: destinations,
      FunctionName: refTo(logicalId),
      MaximumEventAgeInSeconds: config['MaximumEventAgeInSeconds'],
      MaximumRetryAttempts: config['MaximumRetryAttempts'],
      Qualifier: alias === undefined ? '$LATEST' : AutoPublishAlias,
    }),
  };
}
