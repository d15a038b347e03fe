import type { Template } from './template.ts';

const IAM_TYPES: Readonly<Record<string, string | undefined>> = {
  'AWS::IAM::AccessKey': undefined,
  'AWS::IAM::Group': 'GroupName',
  'AWS::IAM::GroupPolicy': undefined,
  'AWS::IAM::InstanceProfile': 'InstanceProfileName',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::IAM::Policy': undefined,
  'AWS::IAM::Role': 'RoleName',
  'AWS::IAM::RolePolicy': undefined,
  'AWS::IAM::User': 'UserName',
  'AWS::IAM::UserPolicy': undefined,
  'AWS::IAM::UserToGroupAddition': undefined,
};

export type IamCapability = 'CAPABILITY_IAM' | 'CAPABILITY_NAMED_IAM';

/** What a template's caller must acknowledge. */
export interface NeededCapability {
  readonly capability: IamCapability;
  /** `The following resource(s) require capabilities: [AWS::IAM::Role]` */
  readonly reason: string;
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html (Capabilities) */
export function neededCapability(template: Template): NeededCapability | undefined {
  const types = new Set<string>();
  let named = false;
  for (const { type, properties } of Object.values(template.resources)) {
    if (!Object.hasOwn(IAM_TYPES, type)) continue;
    types.add(type);
    const name = IAM_TYPES[type];
    if (name !== undefined && properties[name] !== undefined) named = true;
  }
  if (types.size === 0) return undefined;
  return {
    capability: named ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM',
    reason: `The following resource(s) require capabilities: [${[...types].join(', ')}]`,
  };
}

/** The stronger acknowledgement includes the weaker. */
export function acknowledges(given: readonly string[], needed: IamCapability): boolean {
  return given.includes('CAPABILITY_NAMED_IAM') || given.includes(needed);
}
