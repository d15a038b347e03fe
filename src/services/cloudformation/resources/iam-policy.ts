import { Fault } from '../../../service/faults.ts';
import type { ValueMap } from '../template/value.ts';
import { ignoringGone } from './gone.ts';
import type { Holder } from './iam-attachment.ts';
import { documentText, listIn, pick, refuseOthers, textIn, textsIn } from './property.ts';
import type { ResourceProvider, ResourceScope } from './provider.ts';

type Shown = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

const HOLDERS: readonly (readonly [Holder, string])[] = [
  ['Role', 'Roles'],
  ['User', 'Users'],
  ['Group', 'Groups'],
];

/** AWS::IAM::Policy: an inline policy on each of its holders. */
export const inlinePolicy: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, ['PolicyName', 'PolicyDocument', 'Roles', 'Users', 'Groups']);
    const name = textIn(wanted, 'PolicyName') ?? scope.name(128);
    if (HOLDERS.every(([, list]) => listIn(wanted, list).length === 0)) {
      throw new Fault('ValidationError', 'At least one of [Groups,Roles,Users] must be non-empty.');
    }
    await syncHolders(name, {}, wanted, scope);
    return { physicalId: name, attributes: { Id: name } };
  },

  async update({ physicalId, attributes, properties }, wanted, scope) {
    const renamed = textIn(wanted, 'PolicyName') ?? physicalId;
    if (renamed === physicalId) await syncHolders(physicalId, properties, wanted, scope);
    else {
      await syncHolders(renamed, {}, wanted, scope);
      await syncHolders(physicalId, properties, {}, scope);
    }
    return { physicalId: renamed, attributes: { ...attributes, Id: renamed } };
  },

  async remove({ physicalId, properties }, scope) {
    await syncHolders(physicalId, properties, {}, scope);
    return undefined;
  },
};

async function syncHolders(
  PolicyName: string,
  before: ValueMap,
  wanted: ValueMap,
  { call }: ResourceScope,
): Promise<void> {
  const document = wanted['PolicyDocument'];
  for (const [holder, list] of HOLDERS) {
    const wants = textsIn(wanted, list);
    for (const name of wants) {
      await call('iam', `Put${holder}Policy`, {
        [`${holder}Name`]: name,
        PolicyName,
        PolicyDocument: documentText(document),
      });
    }
    for (const name of textsIn(before, list)) {
      if (wants.includes(name)) continue;
      await ignoringGone(() => call('iam', `Delete${holder}Policy`, { [`${holder}Name`]: name, PolicyName }));
    }
  }
}

/** AWS::IAM::ManagedPolicy */
export const managedPolicy: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, [
      'ManagedPolicyName',
      'PolicyDocument',
      'Description',
      'Path',
      'Roles',
      'Users',
      'Groups',
    ]);
    const PolicyName = textIn(wanted, 'ManagedPolicyName') ?? scope.name(128);
    const { Policy } = await scope.call<Shown>('iam', 'CreatePolicy', {
      PolicyName,
      PolicyDocument: documentText(wanted['PolicyDocument']),
      ...pick(wanted, ['Description', 'Path']),
    });
    const arn = text(Policy?.['Arn']);
    scope.stands(arn);
    await syncAttachments(arn, {}, wanted, scope);
    return { physicalId: arn, attributes: { PolicyArn: arn, PolicyId: text(Policy?.['PolicyId']) } };
  },

  async update({ physicalId: PolicyArn, attributes, properties }, wanted, scope) {
    const PolicyDocument = documentText(wanted['PolicyDocument']);
    if (PolicyDocument !== documentText(properties['PolicyDocument'])) {
      const versions = await versionsOf(PolicyArn, scope);
      // IAM keeps five.
      const oldest = versions.filter(({ IsDefaultVersion }) => !IsDefaultVersion).at(-1);
      if (versions.length >= 5 && oldest !== undefined) {
        await scope.call('iam', 'DeletePolicyVersion', { PolicyArn, VersionId: oldest.VersionId });
      }
      await scope.call('iam', 'CreatePolicyVersion', { PolicyArn, PolicyDocument, SetAsDefault: true });
    }
    await syncAttachments(PolicyArn, properties, wanted, scope);
    return { physicalId: PolicyArn, attributes };
  },

  async remove({ physicalId: PolicyArn, properties }, scope) {
    await syncAttachments(PolicyArn, properties, {}, scope);
    for (const { VersionId, IsDefaultVersion } of await versionsOf(PolicyArn, scope)) {
      if (!IsDefaultVersion) await scope.call('iam', 'DeletePolicyVersion', { PolicyArn, VersionId });
    }
    await scope.call('iam', 'DeletePolicy', { PolicyArn });
    return undefined;
  },
};

interface PolicyVersion {
  readonly VersionId: string;
  readonly IsDefaultVersion: boolean;
}

/** Newest first. */
async function versionsOf(PolicyArn: string, { call }: ResourceScope): Promise<readonly PolicyVersion[]> {
  const { Versions = [] } = await call<{ Versions?: readonly PolicyVersion[] }>('iam', 'ListPolicyVersions', {
    PolicyArn,
  });
  return [...Versions].sort((a, b) => Number(b.VersionId.slice(1)) - Number(a.VersionId.slice(1)));
}

async function syncAttachments(
  PolicyArn: string,
  before: ValueMap,
  wanted: ValueMap,
  { call }: ResourceScope,
): Promise<void> {
  for (const [holder, list] of HOLDERS) {
    const had = textsIn(before, list);
    const wants = textsIn(wanted, list);
    for (const name of wants.filter((one) => !had.includes(one))) {
      await call('iam', `Attach${holder}Policy`, { [`${holder}Name`]: name, PolicyArn });
    }
    for (const name of had.filter((one) => !wants.includes(one))) {
      await ignoringGone(() => call('iam', `Detach${holder}Policy`, { [`${holder}Name`]: name, PolicyArn }));
    }
  }
}
