/**
 * What management policies (tags, backups, opt-outs …) come to for one account, after those of the root and of every
 * unit above it: values are assigned, added to and taken from, as far as the policies above let the ones below.
 * https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_inheritance_mgmt.html
 */
interface Node {
  /** By name in lower case: keys compare without regard to case. */
  readonly children: Map<string, { readonly name: string; readonly node: Node }>;
  value?: unknown;
  /** Operators that policies further down may use here; absent: what holds above. */
  allowed?: ReadonlySet<string>;
}

const CONTROL = '@@operators_allowed_for_child_policies';
const OPERATORS = ['@@assign', '@@append', '@@remove'];
const ALL: ReadonlySet<string> = new Set([...OPERATORS, CONTROL]);

/** `levels`: the policies (JSON objects) of each level from the root down, in the order they were attached. */
export function effectivePolicy(levels: readonly (readonly unknown[])[]): unknown {
  const root: Node = { children: new Map() };
  for (const level of levels) {
    const limits = new Map<Node, ReadonlySet<string>>();
    for (const policy of level) apply(root, policy, ALL, limits);
    // What a level forbids, it forbids those below it.
    for (const [node, allowed] of limits) node.allowed = allowed;
  }
  return shown(root) ?? {};
}

function apply(
  node: Node,
  json: unknown,
  above: ReadonlySet<string>,
  limits: Map<Node, ReadonlySet<string>>,
): void {
  const allowed = node.allowed ?? above;
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    if (allowed.has('@@assign')) node.value = json;
    return;
  }
  for (const [name, value] of Object.entries(json)) {
    if (name === CONTROL) {
      if (allowed.has(CONTROL)) limits.set(node, limited(value));
    } else if (name.startsWith('@@')) {
      if (allowed.has(name)) node.value = changed(node.value, name, value);
    } else {
      const folded = name.toLowerCase();
      const child = node.children.get(folded) ?? { name, node: { children: new Map() } };
      if (allowed.size > 0) node.children.set(folded, child);
      apply(child.node, value, allowed, limits);
    }
  }
}

/** Under a limit only the operators it names may be used, and nobody lifts it. */
function limited(value: unknown): ReadonlySet<string> {
  const names = listOf(value).map(String);
  if (names.includes('@@all')) return ALL;
  return new Set(OPERATORS.filter((operator) => names.includes(operator)));
}

function changed(before: unknown, operator: string, value: unknown): unknown {
  switch (operator) {
    case '@@append':
      return [...new Set([...listOf(before), ...listOf(value)])];
    case '@@remove': {
      const gone = new Set(listOf(value));
      return listOf(before).filter((item) => !gone.has(item));
    }
    default:
      return value;
  }
}

function listOf(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

function shown({ value, children }: Node): unknown {
  if (value !== undefined) return value;
  const members = [...children.values()].flatMap(({ name, node }) => {
    const inner = shown(node);
    return inner === undefined ? [] : [[name, inner] as const];
  });
  return members.length === 0 ? undefined : Object.fromEntries(members);
}
