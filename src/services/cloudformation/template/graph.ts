import { validationError } from '../fault.ts';
import { FUNCTION_NAMES, getAttParts, namesIn, subParts } from './intrinsic.ts';
import { formatError, type ResourceDeclaration, type Template, templateError } from './template.ts';
import { isList, isMap, onlyKey, type Value } from './value.ts';

/** A name a value uses, and how. */
export interface Reference {
  readonly name: string;
  /** Set for `Fn::GetAtt` and `${Name.Attribute}`. */
  readonly attribute?: string;
}

/** Every parameter, pseudo parameter and resource that `value` names. */
export function* references(value: Value | undefined): Generator<Reference> {
  if (isList(value)) {
    for (const item of value) yield* references(item);
    return;
  }
  if (!isMap(value)) return;
  const name = onlyKey(value);
  const argument = name === undefined ? undefined : value[name];
  if (name === 'Ref' && typeof argument === 'string') {
    yield { name: argument };
  } else if (name === 'Fn::GetAtt' && argument !== undefined) {
    const [logicalId, attribute] = getAttParts(argument);
    yield { name: logicalId, attribute: typeof attribute === 'string' ? attribute : '' };
    yield* references(attribute);
  } else if (name === 'Fn::Sub' && argument !== undefined) {
    const [text, variables] = subParts(argument);
    for (const used of namesIn(text)) {
      if (Object.hasOwn(variables, used)) continue;
      const dot = used.indexOf('.');
      yield dot === -1 ? { name: used } : { name: used.slice(0, dot), attribute: used.slice(dot + 1) };
    }
    yield* references(variables);
  } else {
    for (const key of Object.keys(value)) yield* references(value[key]);
  }
}

/** Names of the conditions that `Fn::If` uses in a value. */
export function* conditionsUsed(value: Value | undefined): Generator<string> {
  if (isList(value)) {
    for (const item of value) yield* conditionsUsed(item);
  } else if (isMap(value)) {
    const argument = onlyKey(value) === 'Fn::If' ? value['Fn::If'] : undefined;
    if (isList(argument) && typeof argument[0] === 'string') yield argument[0];
    for (const key of Object.keys(value)) yield* conditionsUsed(value[key]);
  }
}

/** Checks that everything named exists, before anything is evaluated. */
export function checkReferences(template: Template, isPseudo: (name: string) => boolean): void {
  const known = (name: string) =>
    template.resources[name] !== undefined || template.parameters[name] !== undefined || isPseudo(name);

  const check = (value: Value | undefined, block: string) => {
    const unresolved = new Set<string>();
    for (const { name, attribute } of references(value)) {
      if (attribute !== undefined && template.resources[name] === undefined) {
        throw templateError(`instance of Fn::GetAtt references undefined resource ${name}`);
      }
      if (!known(name)) unresolved.add(name);
    }
    if (unresolved.size > 0) {
      throw formatError(
        `Unresolved resource dependencies [${[...unresolved].join(', ')}] in the ${block} block of the template`,
      );
    }
    for (const name of conditionsUsed(value)) {
      if (template.conditions[name] === undefined) {
        throw formatError(`Unresolved condition dependency ${name} in the ${block} block of the template`);
      }
    }
  };

  for (const [name, { properties, condition, dependsOn }] of Object.entries(template.resources)) {
    check(properties, 'Resources');
    if (condition !== undefined && template.conditions[condition] === undefined) {
      throw formatError(
        `Unresolved condition dependency ${condition} in the Resources block of the template`,
      );
    }
    const missing = dependsOn.filter((other) => template.resources[other] === undefined);
    if (missing.length > 0) {
      throw formatError(
        `Unresolved resource dependencies [${missing.join(', ')}] in the Resources block of the template`,
      );
    }
    if (dependsOn.includes(name)) throw circular([name]);
  }
  for (const output of Object.values(template.outputs)) {
    check(output.value, 'Outputs');
    check(output.exportName, 'Outputs');
  }
  for (const { name } of references(template.conditions)) {
    if (template.resources[name] !== undefined || !known(name)) {
      throw formatError(
        `Unresolved dependencies [${name}]. Cannot reference resources in the Conditions block of the template`,
      );
    }
  }
  checkFunctions(template);
}

/** A misspelt function would otherwise pass for a map until its resource is made. */
function checkFunctions(template: Template): void {
  const visit = (value: Value | undefined): void => {
    if (isList(value)) value.forEach(visit);
    else if (isMap(value)) {
      const name = onlyKey(value);
      if (name?.startsWith('Fn::') && !FUNCTION_NAMES.has(name)) {
        throw templateError(
          name === 'Fn::Transform'
            ? 'Lambent does not run the macros of Fn::Transform yet'
            : `Unrecognized function ${name}`,
        );
      }
      for (const key of Object.keys(value)) visit(value[key]);
    }
  };
  for (const { properties } of Object.values(template.resources)) visit(properties);
  for (const { value } of Object.values(template.outputs)) visit(value);
}

/**
 * What each resource must wait for, given properties in which conditions are already decided.
 * @returns logical id → logical ids; only resources in `properties`
 * @throws `Circular dependency between resources: [A, B]`
 */
export function dependencies(
  resources: Readonly<Record<string, Pick<ResourceDeclaration, 'dependsOn'>>>,
  properties: Readonly<Record<string, Value>>,
): ReadonlyMap<string, readonly string[]> {
  const graph = new Map<string, readonly string[]>();
  for (const name of Object.keys(properties)) {
    const needs = new Set<string>();
    for (const { name: other } of references(properties[name])) {
      if (Object.hasOwn(properties, other)) needs.add(other);
    }
    for (const other of resources[name]?.dependsOn ?? []) {
      if (Object.hasOwn(properties, other)) needs.add(other);
    }
    graph.set(name, [...needs]);
  }
  const cycle = unorderable(graph);
  if (cycle.length > 0) throw circular(cycle);
  return graph;
}

/** Names left when every resource whose needs are met has been taken away: those in a cycle, and between cycles. */
function unorderable(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  let left = new Map(graph);
  // From the front, then from the back: what merely depends on a cycle is not part of it.
  for (;;) {
    const needed = new Set([...left.values()].flat());
    const kept = [...left].filter(
      ([name, needs]) => needed.has(name) && needs.some((other) => left.has(other)),
    );
    if (kept.length === left.size) return kept.map(([name]) => name);
    left = new Map(kept);
  }
}

function circular(names: readonly string[]) {
  return validationError(`Circular dependency between resources: [${names.join(', ')}]`);
}
