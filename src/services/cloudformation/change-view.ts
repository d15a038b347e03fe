import type { Change, PolicyAction, ResourceChangeDetail } from '../../model/gen/cloudformation.ts';
import type { Cause, PropertyChange, ResourceChange } from './change-set.ts';

/**
 * A change as DescribeChangeSet tells it.
 * @param values with the properties before and after
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
 */
export function shownChange(change: ResourceChange, values: boolean): Change {
  const { action, metadata, properties, policy } = change;
  const modify = action === 'Modify';
  return {
    Type: 'Resource',
    ResourceChange: {
      Action: action,
      LogicalResourceId: change.logicalId,
      PhysicalResourceId: change.physicalId,
      ResourceType: change.type,
      Replacement: modify ? change.replacement : undefined,
      PolicyAction: policy === undefined ? undefined : policyAction(modify, policy),
      Scope: modify ? scopeOf(change) : [],
      Details: [
        ...(metadata ?? []).map((cause) =>
          detail({ Attribute: 'Metadata', RequiresRecreation: 'Never' }, cause),
        ),
        ...properties.flatMap((property) => propertyDetails(property, change, values)),
      ].sort((a, b) => Number(a.Evaluation === 'Dynamic') - Number(b.Evaluation === 'Dynamic')),
      BeforeContext: values ? context(change.before) : undefined,
      AfterContext: values ? context(change.after) : undefined,
    },
  };
}

function scopeOf({ metadata, properties }: ResourceChange) {
  return [
    ...(metadata === undefined ? [] : (['Metadata'] as const)),
    ...(properties.some(({ ofStack }) => !ofStack) ? (['Properties'] as const) : []),
    ...(properties.some(({ ofStack }) => ofStack) ? (['Tags'] as const) : []),
  ];
}

function policyAction(replaced: boolean, policy: ResourceChange['policy']): PolicyAction {
  const fate = policy === 'Delete' || policy === 'Snapshot' ? policy : 'Retain';
  return replaced ? `ReplaceAnd${fate}` : fate;
}

function context(properties: string | undefined): string | undefined {
  return properties === undefined ? undefined : `{"Properties":${properties}}`;
}

function propertyDetails(
  { name, recreation, causes, ofStack }: PropertyChange,
  change: ResourceChange,
  values: boolean,
): ResourceChangeDetail[] {
  const target: ResourceChangeDetail['Target'] = ofStack
    ? { Attribute: 'Tags', RequiresRecreation: recreation }
    : {
        Attribute: 'Properties',
        Name: name,
        RequiresRecreation: recreation,
        ...(values ? valuesOf(name, change) : {}),
      };
  return (causes ?? [{ source: 'DirectModification' }]).map((cause) => detail(target, cause));
}

function valuesOf(name: string, { before, after }: ResourceChange) {
  const old = textOf(before, name);
  const next = textOf(after, name);
  return {
    Path: `/Properties/${name}`,
    BeforeValue: old,
    AfterValue: next,
    AttributeChangeType: old === undefined ? 'Add' : next === undefined ? 'Remove' : 'Modify',
  } as const;
}

/** Text as it is, and everything else as JSON. */
function textOf(properties: string | undefined, name: string): string | undefined {
  const value: unknown = properties === undefined ? undefined : JSON.parse(properties)[name];
  return value === undefined || typeof value === 'string' ? value : JSON.stringify(value);
}

function detail(target: ResourceChangeDetail['Target'], cause: Cause): ResourceChangeDetail {
  return {
    Target: target,
    Evaluation: cause.source === 'DirectModification' && cause.dynamic ? 'Dynamic' : 'Static',
    ChangeSource: cause.source,
    CausingEntity: cause.source === 'DirectModification' ? undefined : cause.entity,
  };
}
