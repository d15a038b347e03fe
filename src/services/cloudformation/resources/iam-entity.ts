import { Fault } from '../../../service/faults.ts';
import type { ValueMap } from '../template/value.ts';
import { clearPolicies, syncPolicies } from './iam-attachment.ts';
import { documentText, mapIn, pick, refuseOthers, tagChange, tagList, textIn, textsIn } from './property.ts';
import type { Done, ResourceProvider, ResourceScope } from './provider.ts';

type Entity = Readonly<Record<string, unknown>>;
type Shown = Readonly<Record<string, Entity>>;

/**
 * Makes an entity under the name the template gives it, or one of ours of at most `longest` characters. Such a name is
 * ours alone, so an entity that has it was made by an earlier try.
 */
async function createNamed(
  scope: ResourceScope,
  holder: string,
  wanted: ValueMap,
  longest: number,
  input: Entity,
): Promise<{ readonly name: string; readonly entity: Entity }> {
  const given = textIn(wanted, `${holder}Name`);
  const name = given ?? scope.name(longest);
  const of = { [`${holder}Name`]: name };
  let shown: Shown;
  try {
    shown = await scope.call<Shown>('iam', `Create${holder}`, { ...of, ...input });
  } catch (error) {
    if (!(Fault.is(error) && isTaken(error) && scope.rerun && given === undefined)) throw error;
    shown = await scope.call<Shown>('iam', `Get${holder}`, of);
  }
  scope.stands(name);
  return { name, entity: shown[holder] ?? {} };
}

function isTaken({ code }: Fault): boolean {
  return code === 'EntityAlreadyExists' || code === 'EntityAlreadyExistsException';
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

async function syncTags(
  holder: 'Role' | 'User',
  name: string,
  before: ValueMap,
  wanted: ValueMap,
  { call }: ResourceScope,
): Promise<void> {
  const { set, removed } = tagChange(before, wanted);
  const of = { [`${holder}Name`]: name };
  if (Object.keys(set).length > 0) await call('iam', `Tag${holder}`, { ...of, Tags: tagList(set) });
  if (removed.length > 0) await call('iam', `Untag${holder}`, { ...of, TagKeys: removed });
}

async function syncBoundary(
  holder: 'Role' | 'User',
  name: string,
  before: ValueMap,
  wanted: ValueMap,
  { call }: ResourceScope,
): Promise<void> {
  const { PermissionsBoundary } = wanted;
  if (before['PermissionsBoundary'] === PermissionsBoundary) return;
  const of = { [`${holder}Name`]: name };
  if (PermissionsBoundary === undefined) await call('iam', `Delete${holder}PermissionsBoundary`, of);
  else await call('iam', `Put${holder}PermissionsBoundary`, { ...of, PermissionsBoundary });
}

const ROLE = [
  'RoleName',
  'AssumeRolePolicyDocument',
  'Description',
  'ManagedPolicyArns',
  'MaxSessionDuration',
  'Path',
  'PermissionsBoundary',
  'Policies',
  'Tags',
];

/** AWS::IAM::Role */
export const role: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, ROLE);
    const { name: RoleName, entity } = await createNamed(scope, 'Role', wanted, 64, {
      AssumeRolePolicyDocument: documentText(wanted['AssumeRolePolicyDocument']),
      ...pick(wanted, ['Description', 'MaxSessionDuration', 'Path', 'PermissionsBoundary', 'Tags']),
    });
    await syncPolicies('Role', RoleName, {}, wanted, scope);
    return {
      physicalId: RoleName,
      attributes: { Arn: text(entity['Arn']), RoleId: text(entity['RoleId']) },
    };
  },

  async update({ physicalId, attributes, properties }, wanted, scope) {
    refuseOthers(scope.type, wanted, ROLE);
    const RoleName = physicalId;
    const PolicyDocument = documentText(wanted['AssumeRolePolicyDocument']);
    if (PolicyDocument !== documentText(properties['AssumeRolePolicyDocument'])) {
      await scope.call('iam', 'UpdateAssumeRolePolicy', { RoleName, PolicyDocument });
    }
    await scope.call('iam', 'UpdateRole', {
      RoleName,
      Description: wanted['Description'] ?? '',
      MaxSessionDuration: wanted['MaxSessionDuration'] ?? 3600,
    });
    await syncBoundary('Role', RoleName, properties, wanted, scope);
    await syncTags('Role', RoleName, properties, wanted, scope);
    await syncPolicies('Role', RoleName, properties, wanted, scope);
    return { physicalId, attributes };
  },

  async remove({ physicalId }, scope) {
    await clearPolicies('Role', physicalId, scope);
    await scope.call('iam', 'DeleteRole', { RoleName: physicalId });
    return undefined;
  },
};

const USER = [
  'UserName',
  'Groups',
  'LoginProfile',
  'ManagedPolicyArns',
  'Path',
  'PermissionsBoundary',
  'Policies',
  'Tags',
];

async function syncGroups(
  UserName: string,
  before: ValueMap,
  wanted: ValueMap,
  { call }: ResourceScope,
): Promise<void> {
  const had = textsIn(before, 'Groups');
  const wants = textsIn(wanted, 'Groups');
  for (const GroupName of wants) {
    if (!had.includes(GroupName)) await call('iam', 'AddUserToGroup', { UserName, GroupName });
  }
  for (const GroupName of had) {
    if (!wants.includes(GroupName)) await call('iam', 'RemoveUserFromGroup', { UserName, GroupName });
  }
}

/** AWS::IAM::User */
export const user: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, USER);
    const input = pick(wanted, ['Path', 'PermissionsBoundary', 'Tags']);
    const { name: UserName, entity } = await createNamed(scope, 'User', wanted, 64, input);
    await syncPolicies('User', UserName, {}, wanted, scope);
    await syncGroups(UserName, {}, wanted, scope);
    const login = mapIn(wanted, 'LoginProfile');
    if (login !== undefined) await scope.call('iam', 'CreateLoginProfile', { UserName, ...login });
    return { physicalId: UserName, attributes: { Arn: text(entity['Arn']) } };
  },

  async update({ physicalId, attributes, properties }, wanted, scope) {
    refuseOthers(scope.type, wanted, USER);
    if (properties['Path'] !== wanted['Path']) {
      await scope.call('iam', 'UpdateUser', { UserName: physicalId, NewPath: wanted['Path'] ?? '/' });
    }
    await syncPolicies('User', physicalId, properties, wanted, scope);
    await syncGroups(physicalId, properties, wanted, scope);
    await syncTags('User', physicalId, properties, wanted, scope);
    await syncBoundary('User', physicalId, properties, wanted, scope);
    const had = mapIn(properties, 'LoginProfile');
    const login = mapIn(wanted, 'LoginProfile');
    if (JSON.stringify(had) !== JSON.stringify(login)) {
      if (login === undefined) await scope.call('iam', 'DeleteLoginProfile', { UserName: physicalId });
      else {
        const operation = had === undefined ? 'CreateLoginProfile' : 'UpdateLoginProfile';
        await scope.call('iam', operation, { UserName: physicalId, ...login });
      }
    }
    return { physicalId, attributes };
  },

  async remove({ physicalId: UserName, properties }, scope) {
    await clearPolicies('User', UserName, scope);
    await syncGroups(UserName, properties, {}, scope);
    if (properties['LoginProfile'] !== undefined) await scope.call('iam', 'DeleteLoginProfile', { UserName });
    await scope.call('iam', 'DeleteUser', { UserName });
    return undefined;
  },
};

const GROUP = ['GroupName', 'ManagedPolicyArns', 'Path', 'Policies'];

/** AWS::IAM::Group */
export const group: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, GROUP);
    const { name: GroupName, entity } = await createNamed(
      scope,
      'Group',
      wanted,
      128,
      pick(wanted, ['Path']),
    );
    await syncPolicies('Group', GroupName, {}, wanted, scope);
    return { physicalId: GroupName, attributes: { Arn: text(entity['Arn']) } };
  },

  async update({ physicalId, attributes, properties }, wanted, scope) {
    refuseOthers(scope.type, wanted, GROUP);
    if (properties['Path'] !== wanted['Path']) {
      await scope.call('iam', 'UpdateGroup', { GroupName: physicalId, NewPath: wanted['Path'] ?? '/' });
    }
    await syncPolicies('Group', physicalId, properties, wanted, scope);
    return { physicalId, attributes };
  },

  async remove({ physicalId: GroupName }, scope) {
    await clearPolicies('Group', GroupName, scope);
    await scope.call('iam', 'DeleteGroup', { GroupName });
    return undefined;
  },
};

/** AWS::IAM::AccessKey */
export const accessKey: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, ['UserName', 'Status', 'Serial']);
    const UserName = textIn(wanted, 'UserName');
    const { AccessKey } = await scope.call<Shown>('iam', 'CreateAccessKey', { UserName });
    const physicalId = text(AccessKey?.['AccessKeyId']);
    scope.stands(physicalId);
    if (wanted['Status'] === 'Inactive') {
      await scope.call('iam', 'UpdateAccessKey', { UserName, AccessKeyId: physicalId, Status: 'Inactive' });
    }
    return { physicalId, attributes: { SecretAccessKey: text(AccessKey?.['SecretAccessKey']) } };
  },

  async update({ physicalId, attributes }, wanted, scope): Promise<Done> {
    await scope.call('iam', 'UpdateAccessKey', {
      UserName: wanted['UserName'],
      AccessKeyId: physicalId,
      Status: wanted['Status'] ?? 'Active',
    });
    return { physicalId, attributes };
  },

  async remove({ physicalId, properties }, { call }) {
    await call('iam', 'DeleteAccessKey', { UserName: properties['UserName'], AccessKeyId: physicalId });
    return undefined;
  },
};

/** AWS::IAM::InstanceProfile */
export const instanceProfile: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, ['InstanceProfileName', 'Path', 'Roles']);
    const input = pick(wanted, ['Path']);
    const { name, entity } = await createNamed(scope, 'InstanceProfile', wanted, 128, input);
    await syncRoles(name, {}, wanted, scope);
    return { physicalId: name, attributes: { Arn: text(entity['Arn']) } };
  },

  async update({ physicalId, attributes, properties }, wanted, scope) {
    await syncRoles(physicalId, properties, wanted, scope);
    return { physicalId, attributes };
  },

  async remove({ physicalId, properties }, scope) {
    await syncRoles(physicalId, properties, {}, scope);
    await scope.call('iam', 'DeleteInstanceProfile', { InstanceProfileName: physicalId });
    return undefined;
  },
};

async function syncRoles(
  InstanceProfileName: string,
  before: ValueMap,
  wanted: ValueMap,
  { call }: ResourceScope,
): Promise<void> {
  const had = textsIn(before, 'Roles');
  const wants = textsIn(wanted, 'Roles');
  for (const RoleName of had.filter((name) => !wants.includes(name))) {
    await call('iam', 'RemoveRoleFromInstanceProfile', { InstanceProfileName, RoleName });
  }
  for (const RoleName of wants.filter((name) => !had.includes(name))) {
    await call('iam', 'AddRoleToInstanceProfile', { InstanceProfileName, RoleName });
  }
}
