/** An action on a resource that a principal needs. */
export interface Need {
  readonly action: string;
  readonly resource: string;
}

/**
 * The least policy that covers what was done: actions on the same resources share a statement, resources of the same
 * actions too. JSON, as a policy is stored.
 */
export function leastPolicy(needs: readonly Need[]): Readonly<Record<string, unknown>> {
  const actionsOf = grouped(needs.map(({ action, resource }) => [resource, action]));
  const alike = grouped([...actionsOf].map(([resource, actions]) => [actions.join('\n'), resource]));
  const statements = [...alike].map(([actions, resources]) => ({
    Effect: 'Allow',
    Action: oneOrMany(actions.split('\n')),
    Resource: oneOrMany(resources),
  }));
  return { Version: '2012-10-17', Statement: statements };
}

/** Values by key, both sorted and without repetition. */
function grouped(pairs: readonly (readonly [key: string, value: string])[]): Map<string, readonly string[]> {
  const sets = new Map<string, Set<string>>();
  for (const [key, value] of pairs) sets.set(key, (sets.get(key) ?? new Set()).add(value));
  return new Map(
    [...sets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, values]) => [key, [...values].sort()]),
  );
}

function oneOrMany(values: readonly string[]): string | readonly string[] {
  return values.length === 1 && values[0] !== undefined ? values[0] : values;
}
