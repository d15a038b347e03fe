import type { Value, ValueMap } from '../template/value.ts';
import { mapsIn, pick, refuseOthers, tagChange, textIn } from './property.ts';
import type { ResourceProvider, ResourceScope } from './provider.ts';

const SERVICE = 'application-autoscaling';
const NAMES = ['ServiceNamespace', 'ResourceId', 'ScalableDimension'];
const TARGET = [
  ...NAMES,
  'MinCapacity',
  'MaxCapacity',
  'RoleARN',
  'SuspendedState',
  'ScheduledActions',
  'Tags',
];

function nameOfTarget(id: string): ValueMap {
  const [ResourceId = '', ScalableDimension = '', ServiceNamespace = ''] = id.split('|');
  return { ServiceNamespace, ResourceId, ScalableDimension };
}

function scheduledNames(properties: ValueMap): readonly string[] {
  return mapsIn(properties, 'ScheduledActions').map((action) => String(action['ScheduledActionName']));
}

function time(value: Value | undefined): Date | undefined {
  return typeof value === 'string' ? new Date(value) : undefined;
}

async function register(before: ValueMap, wanted: ValueMap, scope: ResourceScope): Promise<void> {
  const target = pick(wanted, NAMES);
  const { ScalableTargetARN: ResourceARN } = await scope.call(SERVICE, 'RegisterScalableTarget', {
    ...target,
    ...pick(wanted, ['MinCapacity', 'MaxCapacity', 'RoleARN', 'SuspendedState']),
  });
  const { set, removed } = tagChange(before, wanted);
  if (Object.keys(set).length > 0) await scope.call(SERVICE, 'TagResource', { ResourceARN, Tags: set });
  if (removed.length > 0) await scope.call(SERVICE, 'UntagResource', { ResourceARN, TagKeys: removed });
  const kept = new Set(scheduledNames(wanted));
  for (const ScheduledActionName of scheduledNames(before)) {
    if (kept.has(ScheduledActionName)) continue;
    await scope.call(SERVICE, 'DeleteScheduledAction', { ...target, ScheduledActionName });
  }
  for (const action of mapsIn(wanted, 'ScheduledActions')) {
    await scope.call(SERVICE, 'PutScheduledAction', {
      ...target,
      ...action,
      StartTime: time(action['StartTime']),
      EndTime: time(action['EndTime']),
    });
  }
}

/** AWS::ApplicationAutoScaling::ScalableTarget */
export const scalableTarget: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, TARGET);
    await register({}, wanted, scope);
    const Id = [wanted['ResourceId'], wanted['ScalableDimension'], wanted['ServiceNamespace']].join('|');
    return { physicalId: Id, attributes: { Id } };
  },

  async update({ physicalId, attributes, properties }, wanted, scope) {
    refuseOthers(scope.type, wanted, TARGET);
    await register(properties, wanted, scope);
    return { physicalId, attributes };
  },

  async remove({ physicalId }, { call }) {
    await call(SERVICE, 'DeregisterScalableTarget', nameOfTarget(physicalId));
    return undefined;
  },
};

const POLICY = [
  ...NAMES,
  'PolicyName',
  'PolicyType',
  'ScalingTargetId',
  'StepScalingPolicyConfiguration',
  'TargetTrackingScalingPolicyConfiguration',
];

function policyName(properties: ValueMap): ValueMap {
  const id = textIn(properties, 'ScalingTargetId');
  return {
    ...(id === undefined ? pick(properties, NAMES) : nameOfTarget(id)),
    ...pick(properties, ['PolicyName']),
  };
}

async function putPolicy(wanted: ValueMap, scope: ResourceScope): Promise<string> {
  refuseOthers(scope.type, wanted, POLICY);
  const { PolicyARN } = await scope.call<{ PolicyARN: string }>(SERVICE, 'PutScalingPolicy', {
    ...policyName(wanted),
    ...pick(wanted, [
      'PolicyType',
      'StepScalingPolicyConfiguration',
      'TargetTrackingScalingPolicyConfiguration',
    ]),
  });
  return PolicyARN;
}

/** AWS::ApplicationAutoScaling::ScalingPolicy */
export const scalingPolicy: ResourceProvider = {
  async create(wanted, scope) {
    const Arn = await putPolicy(wanted, scope);
    return { physicalId: Arn, attributes: { Arn } };
  },

  async update({ physicalId, attributes }, wanted, scope) {
    await putPolicy(wanted, scope);
    return { physicalId, attributes };
  },

  async remove({ properties }, { call }) {
    await call(SERVICE, 'DeleteScalingPolicy', policyName(properties));
    return undefined;
  },
};
