import { formatArn } from '../../../base/arn.ts';
import type { Value, ValueMap } from '../template/value.ts';
import { earlier } from './earlier.ts';
import { pick, refuseOthers, requiredText, textIn, textsIn } from './property.ts';
import type { ResourceProvider, ResourceScope } from './provider.ts';

type Shown = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Properties that `UpdateUserPool` takes; it resets what it is not given. */
const CHANGEABLE = [
  'AccountRecoverySetting',
  'AdminCreateUserConfig',
  'AutoVerifiedAttributes',
  'DeletionProtection',
  'DeviceConfiguration',
  'EmailConfiguration',
  'EmailVerificationMessage',
  'EmailVerificationSubject',
  'LambdaConfig',
  'MfaConfiguration',
  'Policies',
  'SmsAuthenticationMessage',
  'SmsConfiguration',
  'SmsVerificationMessage',
  'UserAttributeUpdateSettings',
  'UserPoolAddOns',
  'UserPoolTags',
  'UserPoolTier',
  'VerificationMessageTemplate',
];
const FIXED = ['AliasAttributes', 'Schema', 'UsernameAttributes', 'UsernameConfiguration'];

function poolInput(wanted: ValueMap, names: readonly string[]): ValueMap {
  const input: Record<string, Value> = { ...pick(wanted, names) };
  // MFA that needs its methods is switched on together with them.
  if (wanted['EnabledMfas'] !== undefined) delete input['MfaConfiguration'];
  return input;
}

async function setMfa(UserPoolId: string, wanted: ValueMap, { call }: ResourceScope): Promise<void> {
  const enabled = textsIn(wanted, 'EnabledMfas');
  if (enabled.length === 0) return;
  await call('cognito-idp', 'SetUserPoolMfaConfig', {
    UserPoolId,
    MfaConfiguration: wanted['MfaConfiguration'] ?? 'OFF',
    ...(enabled.includes('SOFTWARE_TOKEN_MFA') ? { SoftwareTokenMfaConfiguration: { Enabled: true } } : {}),
    ...(enabled.includes('SMS_MFA')
      ? {
          SmsMfaConfiguration: {
            ...(wanted['SmsConfiguration'] === undefined
              ? {}
              : { SmsConfiguration: wanted['SmsConfiguration'] }),
            ...(wanted['SmsAuthenticationMessage'] === undefined
              ? {}
              : { SmsAuthenticationMessage: wanted['SmsAuthenticationMessage'] }),
          },
        }
      : {}),
  });
}

function poolAttributes(id: string, { region, account }: ResourceScope): ValueMap {
  const ProviderName = `cognito-idp.${region}.amazonaws.com/${id}`;
  return {
    Arn: formatArn('cognito-idp', region, account, `userpool/${id}`),
    ProviderName,
    ProviderURL: `https://${ProviderName}`,
    UserPoolId: id,
  };
}

async function createPool(PoolName: string, wanted: ValueMap, { call }: ResourceScope): Promise<string> {
  const { UserPool } = await call<Shown>('cognito-idp', 'CreateUserPool', {
    PoolName,
    ...poolInput(wanted, [...CHANGEABLE, ...FIXED]),
  });
  return text(UserPool?.['Id']);
}

/** AWS::Cognito::UserPool */
export const userPool: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, [...CHANGEABLE, ...FIXED, 'UserPoolName', 'EnabledMfas']);
    const PoolName = textIn(wanted, 'UserPoolName') ?? scope.name(128);
    const known = await earlier(scope, {
      service: 'cognito-idp',
      operation: 'ListUserPools',
      input: { MaxResults: 60 },
      list: 'UserPools',
      matches: ({ Name }) => Name === PoolName,
      madeAt: 'CreationDate',
    });
    const id = known === undefined ? await createPool(PoolName, wanted, scope) : text(known['Id']);
    scope.stands(id);
    await setMfa(id, wanted, scope);
    return { physicalId: id, attributes: poolAttributes(id, scope) };
  },

  async update({ physicalId, properties }, wanted, scope) {
    refuseOthers(scope.type, wanted, [...CHANGEABLE, ...FIXED, 'UserPoolName', 'EnabledMfas']);
    const added = newAttributes(properties, wanted);
    if (added.length > 0) {
      await scope.call('cognito-idp', 'AddCustomAttributes', {
        UserPoolId: physicalId,
        CustomAttributes: added,
      });
    }
    await scope.call('cognito-idp', 'UpdateUserPool', {
      UserPoolId: physicalId,
      ...poolInput(wanted, CHANGEABLE),
      ...(wanted['UserPoolName'] === undefined ? {} : { PoolName: wanted['UserPoolName'] }),
    });
    await setMfa(physicalId, wanted, scope);
    return { physicalId, attributes: poolAttributes(physicalId, scope) };
  },

  async remove({ physicalId }, { call }) {
    await call('cognito-idp', 'DeleteUserPool', { UserPoolId: physicalId });
    return undefined;
  },
};

/** A schema only grows. */
function newAttributes(before: ValueMap, wanted: ValueMap): readonly Value[] {
  const names = (of: ValueMap) => (Array.isArray(of['Schema']) ? (of['Schema'] as readonly ValueMap[]) : []);
  const had = new Set(names(before).map(({ Name }) => Name));
  return names(wanted).filter(({ Name }) => !had.has(Name ?? null));
}

/** AWS::Cognito::UserPoolClient: its properties are the operations' members. */
export const userPoolClient: ResourceProvider = {
  async create(wanted, scope) {
    const ClientName = textIn(wanted, 'ClientName') ?? scope.name(128);
    const { UserPoolId } = wanted;
    // The list shows no dates: a client of this name in a pool that is itself this try's can only be ours.
    const known = await earlier(scope, {
      service: 'cognito-idp',
      operation: 'ListUserPoolClients',
      input: { UserPoolId, MaxResults: 60 },
      list: 'UserPoolClients',
      matches: (item) => item['ClientName'] === ClientName,
    });
    const { UserPoolClient } =
      known === undefined
        ? await scope.call<Shown>('cognito-idp', 'CreateUserPoolClient', { ...wanted, ClientName })
        : await scope.call<Shown>('cognito-idp', 'DescribeUserPoolClient', {
            UserPoolId,
            ClientId: known['ClientId'],
          });
    const id = text(UserPoolClient?.['ClientId']);
    return {
      physicalId: id,
      attributes: {
        ClientId: id,
        Name: text(UserPoolClient?.['ClientName']),
        ClientSecret: text(UserPoolClient?.['ClientSecret']),
      },
    };
  },
  async update({ physicalId, attributes }, wanted, { call }) {
    const { GenerateSecret: _, ...rest } = wanted;
    await call('cognito-idp', 'UpdateUserPoolClient', {
      ...rest,
      ClientId: physicalId,
      ClientName: rest['ClientName'] ?? attributes['Name'],
    });
    return { physicalId, attributes };
  },
  async remove({ physicalId, properties }, { call }) {
    await call('cognito-idp', 'DeleteUserPoolClient', {
      UserPoolId: properties['UserPoolId'],
      ClientId: physicalId,
    });
    return undefined;
  },
};

/** AWS::Cognito::UserPoolDomain */
export const userPoolDomain: ResourceProvider = {
  async create(wanted, scope) {
    const made = await scope.call<Readonly<Record<string, unknown>>>(
      'cognito-idp',
      'CreateUserPoolDomain',
      wanted,
    );
    return {
      physicalId: requiredText(wanted, 'Domain'),
      attributes: { CloudFrontDistribution: text(made['CloudFrontDomain']) },
    };
  },
  async update({ physicalId, attributes }, wanted, { call }) {
    await call('cognito-idp', 'UpdateUserPoolDomain', wanted);
    return { physicalId, attributes };
  },
  async remove({ properties }, { call }) {
    await call('cognito-idp', 'DeleteUserPoolDomain', pick(properties, ['Domain', 'UserPoolId']));
    return undefined;
  },
};

/** AWS::Cognito::UserPoolGroup */
export const userPoolGroup: ResourceProvider = {
  async create(wanted, scope) {
    const GroupName = textIn(wanted, 'GroupName') ?? scope.name(128);
    await scope.call('cognito-idp', 'CreateGroup', { ...wanted, GroupName });
    return { physicalId: GroupName, attributes: {} };
  },
  async update({ physicalId, attributes }, wanted, { call }) {
    await call('cognito-idp', 'UpdateGroup', { ...wanted, GroupName: physicalId });
    return { physicalId, attributes };
  },
  async remove({ physicalId, properties }, { call }) {
    await call('cognito-idp', 'DeleteGroup', { GroupName: physicalId, UserPoolId: properties['UserPoolId'] });
    return undefined;
  },
};

/** AWS::Cognito::UserPoolResourceServer */
export const userPoolResourceServer: ResourceProvider = {
  async create(wanted, { call }) {
    await call('cognito-idp', 'CreateResourceServer', wanted);
    return { physicalId: requiredText(wanted, 'Identifier'), attributes: {} };
  },
  async update({ physicalId, attributes }, wanted, { call }) {
    await call('cognito-idp', 'UpdateResourceServer', wanted);
    return { physicalId, attributes };
  },
  async remove({ properties }, { call }) {
    await call('cognito-idp', 'DeleteResourceServer', pick(properties, ['Identifier', 'UserPoolId']));
    return undefined;
  },
};

/** AWS::Cognito::UserPoolUser: every property is fixed. */
export const userPoolUser: ResourceProvider = {
  async create(wanted, scope) {
    const Username = textIn(wanted, 'Username') ?? scope.name(128);
    await scope.call('cognito-idp', 'AdminCreateUser', { ...wanted, Username });
    return { physicalId: Username, attributes: {} };
  },
  async remove({ physicalId, properties }, { call }) {
    await call('cognito-idp', 'AdminDeleteUser', {
      Username: physicalId,
      UserPoolId: properties['UserPoolId'],
    });
    return undefined;
  },
};
