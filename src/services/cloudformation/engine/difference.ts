import type { Context } from '../../../service/context.ts';
import type { Cause, ResourceChange } from '../change-set.ts';
import { validationError } from '../fault.ts';
import { layout } from '../layout.ts';
import type { ResourceRow } from '../resource.ts';
import { schemaTypeOf } from '../resources/registry.ts';
import { conform } from '../schema/conform.ts';
import { resourceType } from '../schema/resource-type.ts';
import type { StackRow } from '../stack.ts';
import type { Accepted } from '../submission.ts';
import { references } from '../template/graph.ts';
import { equalValues, isList, isMap, onlyKey, type Value, type ValueMap } from '../template/value.ts';
import { changedProperties } from './forward.ts';
import { loadPlan } from './intent.ts';
import type { Known, Plan } from './plan.ts';

export interface Difference {
  readonly changes: readonly ResourceChange[];
  /** Whether there is anything to do; outputs and tags count too. */
  readonly changed: boolean;
}

/** What an update to `accepted` would do to a stack. */
export async function compareWithStack(
  ctx: Context,
  stack: StackRow,
  accepted: Accepted,
): Promise<Difference> {
  const rows = await layout.at(ctx.account, ctx.region).resources.all(ctx.store, [stack.uuid]);
  const resources = new Map(
    rows.flatMap(({ key: [, logicalId], value }) =>
      value.made === undefined ? [] : [[logicalId, value] as const],
    ),
  );
  refuseOtherTypes(accepted.plan, resources);
  const { intent } = stack;
  const previous = intent === undefined ? undefined : await loadPlan(ctx, stack, intent);
  const changes = resourceChanges(accepted.plan, resources, previous);
  if (changes.length > 0) return { changes, changed: true };
  if (intent === undefined) return { changes, changed: true };
  const outputs = accepted.plan.outputs(new Map([...resources].map(([id, { made }]) => [id, made as Known])));
  const changed =
    !equalValues(outputs as unknown as Value, stack.outputs as unknown as Value) ||
    !equalValues(accepted.intent.tags as unknown as Value, intent.tags as unknown as Value);
  return { changes, changed };
}

function refuseOtherTypes(plan: Plan, resources: ReadonlyMap<string, ResourceRow>): void {
  const others = Object.entries(plan.resources).filter(([logicalId, { type }]) => {
    const row = resources.get(logicalId);
    return row !== undefined && row.type !== type;
  });
  if (others.length === 0) return;
  throw validationError(
    `Update of resource type is not permitted. The new template modifies resource type of the following resources: [${others.map(([logicalId]) => logicalId).join(', ')}]`,
  );
}

/** @param previous the plan the stack stands by; absent for one that is not there yet */
export function resourceChanges(
  plan: Plan,
  resources: ReadonlyMap<string, ResourceRow>,
  previous?: Plan,
): readonly ResourceChange[] {
  const changes: ResourceChange[] = [];
  const known = new Map<string, Known>();
  const standing = new Map<string, Known>();
  for (const [logicalId, { made }] of resources) if (made !== undefined) standing.set(logicalId, made);
  const changed: Changed = {
    parameters: previous === undefined ? new Set() : plan.changedParameters(previous),
    resources: new Set(),
  };
  const tagsChanged = previous !== undefined && plan.hasOtherTags(previous);
  for (const logicalId of inOrder(plan)) {
    const declaration = plan.resources[logicalId];
    if (declaration === undefined) continue;
    const { type } = declaration;
    const row = resources.get(logicalId);
    if (row?.made === undefined) {
      changed.resources.add(logicalId);
      const after = plan.masked(shownValues(plan.partly(logicalId, known)));
      changes.push({ action: 'Add', logicalId, type, properties: [], after });
      continue;
    }
    const wanted = typed(type, plan.partly(logicalId, known));
    const names = changedProperties(row.made.properties, wanted);
    const policies =
      row.deletionPolicy !== declaration.deletionPolicy ||
      row.updateReplacePolicy !== declaration.updateReplacePolicy;
    const properties = names.map((name) => ({
      name,
      recreation: recreation(type, name),
      causes: causesOf(declaration.properties[name], changed),
      ...(name === 'Tags' && tagsChanged ? { ofStack: true } : {}),
    }));
    const metadata =
      previous === undefined ||
      equalValues(previous.metadata(logicalId, standing) ?? {}, plan.metadata(logicalId, standing) ?? {})
        ? undefined
        : causesOf(declaration.metadata, changed);
    const replaced = row.type !== type || properties.some((property) => property.recreation === 'Always');
    if (names.length > 0 || policies || metadata !== undefined || row.uncertain || row.type !== type) {
      changes.push({
        action: 'Modify',
        logicalId,
        physicalId: row.made.physicalId,
        type,
        properties,
        replacement: replaced
          ? 'True'
          : properties.some((property) => property.recreation === 'Conditionally')
            ? 'Conditional'
            : 'False',
        ...(metadata === undefined ? {} : { metadata }),
        ...(replaced ? { policy: declaration.updateReplacePolicy } : {}),
        before: plan.masked(shownValues(row.made.properties), previous),
        after: plan.masked(shownValues(wanted)),
      });
    }
    // A replaced resource's values are new; so is whatever they are part of.
    if (replaced) changed.resources.add(logicalId);
    else known.set(logicalId, row.made);
  }
  for (const [logicalId, { type, made, deletionPolicy }] of resources) {
    if (plan.resources[logicalId] !== undefined || made === undefined) continue;
    changes.push({
      action: 'Remove',
      logicalId,
      physicalId: made.physicalId,
      type,
      properties: [],
      policy: deletionPolicy,
      before: plan.masked(shownValues(made.properties), previous),
    });
  }
  return changes;
}

interface Changed {
  readonly parameters: ReadonlySet<string>;
  /** Resources that are new: made, or made anew. */
  readonly resources: Set<string>;
}

/** What a changed value names that has changed; a parameter's change may go together with the value's own. */
function causesOf(declared: Value | undefined, { parameters, resources }: Changed): readonly Cause[] {
  const causes = new Map<string, Cause>();
  for (const { name, attribute } of references(declared)) {
    const entity = attribute === undefined ? name : `${name}.${attribute}`;
    if (attribute === undefined && parameters.has(name))
      causes.set(entity, { source: 'ParameterReference', entity });
    else if (resources.has(name))
      causes.set(entity, {
        source: attribute === undefined ? 'ResourceReference' : 'ResourceAttribute',
        entity,
      });
  }
  const found = [...causes.values()];
  if (found.length === 0) return [{ source: 'DirectModification' }];
  return found.some(({ source }) => source === 'ParameterReference')
    ? [...found, { source: 'DirectModification', dynamic: true }]
    : found;
}

/** Values as a change set shows them: what only carrying it out will tell stands as one word. */
function shownValues(value: Value): Value {
  if (isList(value)) return value.map(shownValues);
  if (!isMap(value)) return value;
  const call = onlyKey(value);
  if (call === 'Ref' || call?.startsWith('Fn::')) return '{{changeSet:KNOWN_AFTER_APPLY}}';
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shownValues(one)]));
}

/** Properties as the schema types them, so that `"5"` and 5 are no difference; calls in place are left alone. */
function typed(type: string, properties: ValueMap): ValueMap {
  const schema = schemaTypeOf(type);
  return (schema && conform(schema, properties).properties) ?? properties;
}

function recreation(type: string, name: string): 'Always' | 'Conditionally' | 'Never' {
  const replaces = resourceType(type)?.properties.get(name)?.replaces ?? 'no';
  return replaces === 'yes' ? 'Always' : replaces === 'maybe' ? 'Conditionally' : 'Never';
}

/** Logical ids, each after what it needs. */
function inOrder(plan: Plan): readonly string[] {
  const ordered = new Set<string>();
  const visit = (logicalId: string): void => {
    if (ordered.has(logicalId)) return;
    for (const other of plan.needs.get(logicalId) ?? []) visit(other);
    ordered.add(logicalId);
  };
  Object.keys(plan.resources).forEach(visit);
  return [...ordered];
}
