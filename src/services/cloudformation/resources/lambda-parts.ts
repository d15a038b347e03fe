import type { ValueMap } from '../template/value.ts';
import { ignoringGone } from './gone.ts';
import { mapIn, pick, refuseOthers, requiredText, tagChange, tagMap, textIn } from './property.ts';
import type { ResourceProvider } from './provider.ts';

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

type Shown = Readonly<Record<string, unknown>>;

/** A function's name or ARN as templates give it, its qualifier apart. */
function functionOf(value: string): { readonly FunctionName: string; readonly Qualifier?: string } {
  const parts = value.split(':');
  const qualified = value.startsWith('arn:') ? parts.length === 8 : parts.length === 2;
  if (!qualified) return { FunctionName: value };
  return { FunctionName: parts.slice(0, -1).join(':'), Qualifier: parts.at(-1) ?? '' };
}

const PERMISSION = [
  'Action',
  'EventSourceToken',
  'FunctionUrlAuthType',
  'InvokedViaFunctionUrl',
  'Principal',
  'PrincipalOrgID',
  'SourceAccount',
  'SourceArn',
];

/** AWS::Lambda::Permission */
export const permission: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, [...PERMISSION, 'FunctionName']);
    const StatementId = scope.name(100);
    if (scope.rerun) await ignoringGone(() => removeStatement(wanted, StatementId, scope.call));
    await scope.call('lambda', 'AddPermission', {
      ...functionOf(requiredText(wanted, 'FunctionName')),
      StatementId,
      ...pick(wanted, PERMISSION),
    });
    return { physicalId: StatementId, attributes: { Id: StatementId } };
  },

  async remove({ physicalId, properties }, { call }) {
    await removeStatement(properties, physicalId, call);
    return undefined;
  },
};

async function removeStatement(
  properties: ValueMap,
  StatementId: string,
  call: (service: string, operation: string, input: unknown) => Promise<unknown>,
): Promise<void> {
  await call('lambda', 'RemovePermission', {
    ...functionOf(requiredText(properties, 'FunctionName')),
    StatementId,
  });
}

/** AWS::Lambda::Version. Publishing unchanged code again answers the same version, so a second try is harmless. */
export const version: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, [
      'FunctionName',
      'CodeSha256',
      'Description',
      'ProvisionedConcurrencyConfig',
      'RuntimePolicy',
    ]);
    const { FunctionName } = functionOf(requiredText(wanted, 'FunctionName'));
    const made = await scope.call<Shown>('lambda', 'PublishVersion', {
      FunctionName,
      ...pick(wanted, ['CodeSha256', 'Description']),
    });
    const number = text(made['Version']);
    const arn = text(made['FunctionArn']);
    const qualified = arn.endsWith(`:${number}`) ? arn : `${arn}:${number}`;
    scope.stands(qualified);
    const provisioned = mapIn(wanted, 'ProvisionedConcurrencyConfig');
    if (provisioned !== undefined) {
      await scope.call('lambda', 'PutProvisionedConcurrencyConfig', {
        FunctionName,
        Qualifier: number,
        ...provisioned,
      });
    }
    const policy = mapIn(wanted, 'RuntimePolicy');
    if (policy !== undefined) {
      await scope.call('lambda', 'PutRuntimeManagementConfig', {
        FunctionName,
        Qualifier: number,
        ...policy,
      });
    }
    return { physicalId: qualified, attributes: { Version: number, FunctionArn: qualified } };
  },

  async remove({ physicalId }, { call }) {
    await call('lambda', 'DeleteFunction', functionOf(physicalId));
    return undefined;
  },
};

const ALIAS = ['Description', 'FunctionVersion', 'RoutingConfig'];

/** AWS::Lambda::Alias */
export const alias: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, [...ALIAS, 'FunctionName', 'Name', 'ProvisionedConcurrencyConfig']);
    const { FunctionName } = functionOf(requiredText(wanted, 'FunctionName'));
    const made = await scope.call<Shown>('lambda', 'CreateAlias', {
      FunctionName,
      Name: wanted['Name'],
      ...aliasInput(wanted),
    });
    const arn = text(made['AliasArn']);
    scope.stands(arn);
    const provisioned = mapIn(wanted, 'ProvisionedConcurrencyConfig');
    if (provisioned !== undefined) {
      await scope.call('lambda', 'PutProvisionedConcurrencyConfig', {
        FunctionName,
        Qualifier: wanted['Name'],
        ...provisioned,
      });
    }
    return { physicalId: arn, attributes: { AliasArn: arn } };
  },

  async update({ physicalId, attributes, properties }, wanted, { call }) {
    const { FunctionName } = functionOf(requiredText(wanted, 'FunctionName'));
    await call('lambda', 'UpdateAlias', {
      FunctionName,
      Name: wanted['Name'],
      RoutingConfig: { AdditionalVersionWeights: {} },
      ...aliasInput(wanted),
    });
    const provisioned = mapIn(wanted, 'ProvisionedConcurrencyConfig');
    const of = { FunctionName, Qualifier: wanted['Name'] };
    if (provisioned !== undefined)
      await call('lambda', 'PutProvisionedConcurrencyConfig', { ...of, ...provisioned });
    else if (properties['ProvisionedConcurrencyConfig'] !== undefined) {
      await call('lambda', 'DeleteProvisionedConcurrencyConfig', of);
    }
    return { physicalId, attributes };
  },

  async remove({ properties }, { call }) {
    const { FunctionName } = functionOf(requiredText(properties, 'FunctionName'));
    await call('lambda', 'DeleteAlias', { FunctionName, Name: properties['Name'] });
    return undefined;
  },
};

function aliasInput(wanted: ValueMap) {
  const weights = mapIn(wanted, 'RoutingConfig')?.['AdditionalVersionWeights'];
  const { RoutingConfig: _, ...rest } = pick(wanted, ALIAS);
  if (!Array.isArray(weights)) return rest;
  return {
    ...rest,
    RoutingConfig: {
      AdditionalVersionWeights: Object.fromEntries(
        (weights as readonly ValueMap[]).map((one) => [
          String(one['FunctionVersion']),
          one['FunctionWeight'],
        ]),
      ),
    },
  };
}

/** AWS::Lambda::LayerVersion */
export const layerVersion: ResourceProvider = {
  async create(wanted, scope) {
    const taken = ['CompatibleArchitectures', 'CompatibleRuntimes', 'Content', 'Description', 'LicenseInfo'];
    refuseOthers(scope.type, wanted, [...taken, 'LayerName']);
    const made = await scope.call<Shown>('lambda', 'PublishLayerVersion', {
      LayerName: textIn(wanted, 'LayerName') ?? scope.name(140),
      ...pick(wanted, taken),
    });
    const arn = text(made['LayerVersionArn']);
    return { physicalId: arn, attributes: { LayerVersionArn: arn } };
  },

  async remove({ physicalId }, { call }) {
    const { FunctionName: LayerName, Qualifier } = functionOf(physicalId);
    await call('lambda', 'DeleteLayerVersion', { LayerName, VersionNumber: Number(Qualifier) });
    return undefined;
  },
};

const INVOKE_CONFIG = ['DestinationConfig', 'MaximumEventAgeInSeconds', 'MaximumRetryAttempts'];

/** AWS::Lambda::EventInvokeConfig */
export const eventInvokeConfig: ResourceProvider = {
  async create(wanted, { call }) {
    const of = pick(wanted, ['FunctionName', 'Qualifier']);
    await call('lambda', 'PutFunctionEventInvokeConfig', { ...of, ...pick(wanted, INVOKE_CONFIG) });
    return { physicalId: `${String(of['FunctionName'])}|${String(of['Qualifier'])}`, attributes: {} };
  },
  async update({ physicalId, attributes }, wanted, { call }) {
    const of = pick(wanted, ['FunctionName', 'Qualifier']);
    await call('lambda', 'PutFunctionEventInvokeConfig', { ...of, ...pick(wanted, INVOKE_CONFIG) });
    return { physicalId, attributes };
  },
  async remove({ properties }, { call }) {
    await call('lambda', 'DeleteFunctionEventInvokeConfig', pick(properties, ['FunctionName', 'Qualifier']));
    return undefined;
  },
};

const URL_CONFIG = ['AuthType', 'Cors', 'InvokeMode', 'Qualifier'];

function urlInput(wanted: ValueMap) {
  return { ...functionOf(requiredText(wanted, 'TargetFunctionArn')), ...pick(wanted, URL_CONFIG) };
}

/** AWS::Lambda::Url */
export const functionUrl: ResourceProvider = {
  async create(wanted, { call }) {
    const made = await call<Shown>('lambda', 'CreateFunctionUrlConfig', urlInput(wanted));
    const arn = text(made['FunctionArn']);
    return { physicalId: arn, attributes: { FunctionArn: arn, FunctionUrl: text(made['FunctionUrl']) } };
  },
  async update({ physicalId, attributes }, wanted, { call }) {
    // What the template does not say any more is as if it never had.
    await call('lambda', 'UpdateFunctionUrlConfig', {
      Cors: {},
      InvokeMode: 'BUFFERED',
      ...urlInput(wanted),
    });
    return { physicalId, attributes };
  },
  async remove({ properties }, { call }) {
    await call('lambda', 'DeleteFunctionUrlConfig', {
      ...functionOf(requiredText(properties, 'TargetFunctionArn')),
      ...pick(properties, ['Qualifier']),
    });
    return undefined;
  },
};

/** AWS::Lambda::EventSourceMapping: its properties are the operations' members, but for the tags' form. */
export const eventSourceMapping: ResourceProvider = {
  async create(wanted, scope) {
    const { Tags, KmsKeyArn, ...rest } = wanted;
    const tags = tagMap(Tags);
    const made = await scope.call<Shown>('lambda', 'CreateEventSourceMapping', {
      ...rest,
      ...(KmsKeyArn === undefined ? {} : { KMSKeyArn: KmsKeyArn }),
      ...(Object.keys(tags).length === 0 ? {} : { Tags: tags }),
    });
    const uuid = text(made['UUID']);
    return {
      physicalId: uuid,
      attributes: { Id: uuid, EventSourceMappingArn: text(made['EventSourceMappingArn']) },
    };
  },
  async update({ physicalId, attributes, properties }, wanted, { call }) {
    const {
      Tags: _,
      EventSourceArn: __,
      StartingPosition: ___,
      StartingPositionTimestamp: ____,
      ...rest
    } = wanted;
    await call('lambda', 'UpdateEventSourceMapping', { UUID: physicalId, ...rest });
    const { set, removed } = tagChange(properties, wanted);
    const Resource = attributes['EventSourceMappingArn'];
    if (Object.keys(set).length > 0) await call('lambda', 'TagResource', { Resource, Tags: set });
    if (removed.length > 0) await call('lambda', 'UntagResource', { Resource, TagKeys: removed });
    return { physicalId, attributes };
  },
  async remove({ physicalId }, { call }) {
    await call('lambda', 'DeleteEventSourceMapping', { UUID: physicalId });
    return undefined;
  },
};
