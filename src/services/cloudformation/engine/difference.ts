import type { Context } from '../../../service/context.ts';
import type { ResourceChange } from '../change-set.ts';
import { validationError } from '../fault.ts';
import { layout } from '../layout.ts';
import type { ResourceRow } from '../resource.ts';
import { schemaTypeOf } from '../resources/registry.ts';
import { conform } from '../schema/conform.ts';
import { resourceType } from '../schema/resource-type.ts';
import type { StackRow } from '../stack.ts';
import type { Accepted } from '../submission.ts';
import { equalValues, type Value, type ValueMap } from '../template/value.ts';
import { changedProperties } from './forward.ts';
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
  const changes = resourceChanges(accepted.plan, resources);
  if (changes.length > 0) return { changes, changed: true };
  const { intent } = stack;
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

export function resourceChanges(
  plan: Plan,
  resources: ReadonlyMap<string, ResourceRow>,
): readonly ResourceChange[] {
  const changes: ResourceChange[] = [];
  const known = new Map<string, Known>();
  for (const logicalId of inOrder(plan)) {
    const declaration = plan.resources[logicalId];
    if (declaration === undefined) continue;
    const { type } = declaration;
    const row = resources.get(logicalId);
    if (row?.made === undefined) {
      changes.push({ action: 'Add', logicalId, type, properties: [] });
      continue;
    }
    const wanted = typed(type, plan.partly(logicalId, known));
    const names = changedProperties(row.made.properties, wanted);
    const policies =
      row.deletionPolicy !== declaration.deletionPolicy ||
      row.updateReplacePolicy !== declaration.updateReplacePolicy;
    const properties = names.map((name) => ({ name, recreation: recreation(type, name) }));
    const replaced = row.type !== type || properties.some((property) => property.recreation === 'Always');
    if (names.length > 0 || policies || row.uncertain || row.type !== type) {
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
      });
    }
    // A replaced resource's values are new; so is whatever they are part of.
    if (!replaced) known.set(logicalId, row.made);
  }
  for (const [logicalId, { type, made }] of resources) {
    if (plan.resources[logicalId] !== undefined || made === undefined) continue;
    changes.push({ action: 'Remove', logicalId, physicalId: made.physicalId, type, properties: [] });
  }
  return changes;
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
