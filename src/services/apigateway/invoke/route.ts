import { isGreedy, isVariable } from '../resources.ts';

/** What a request's path leads to. */
export interface Route<Method> {
  readonly method: Method;
  readonly pathParameters: Readonly<Record<string, string>> | undefined;
}

/** A node of the compiled path tree: literals are tried before a parameter, that before a greedy one. */
export interface RouteNode<Method> {
  readonly literals: Map<string, RouteNode<Method>>;
  variable: { readonly name: string; readonly node: RouteNode<Method> } | undefined;
  greedy: { readonly name: string; readonly node: RouteNode<Method> } | undefined;
  /** By verb; `ANY` takes the rest. */
  methods: Map<string, Method>;
}

export function emptyRoutes<Method>(): RouteNode<Method> {
  return { literals: new Map(), variable: undefined, greedy: undefined, methods: new Map() };
}

/** Adds the methods of a resource at its path (`/pets/{id}`). */
export function addRoute<Method>(root: RouteNode<Method>, path: string, methods: Map<string, Method>): void {
  let node = root;
  for (const part of path.split('/').filter((piece) => piece !== '')) {
    if (!isVariable(part)) {
      let next = node.literals.get(part);
      if (next === undefined) node.literals.set(part, (next = emptyRoutes()));
      node = next;
    } else if (isGreedy(part)) {
      node.greedy ??= { name: part.slice(1, -2), node: emptyRoutes() };
      node = node.greedy.node;
    } else {
      node.variable ??= { name: part.slice(1, -1), node: emptyRoutes() };
      node = node.variable.node;
    }
  }
  node.methods = methods;
}

/** The method for a verb and a path as sent, still percent-encoded; parameters keep their encoding, as AWS's do. */
export function findRoute<Method>(
  root: RouteNode<Method>,
  verb: string,
  path: string,
): Route<Method> | undefined {
  const parts = path.split('/');
  if (parts.at(-1) === '') parts.pop();
  const values: [string, string][] = [];
  const method = walk(root, verb, parts, 1, values);
  if (method === undefined) return undefined;
  return { method, pathParameters: values.length === 0 ? undefined : Object.fromEntries(values) };
}

function walk<Method>(
  node: RouteNode<Method>,
  verb: string,
  parts: readonly string[],
  at: number,
  values: [string, string][],
): Method | undefined {
  if (at >= parts.length) return node.methods.get(verb) ?? node.methods.get('ANY');
  const part = parts[at] as string;
  const literal =
    node.literals.get(part) ?? (part.includes('%') ? node.literals.get(decoded(part)) : undefined);
  if (literal !== undefined) {
    const found = walk(literal, verb, parts, at + 1, values);
    if (found !== undefined) return found;
  }
  const { variable, greedy } = node;
  if (variable !== undefined && part !== '') {
    values.push([variable.name, part]);
    const found = walk(variable.node, verb, parts, at + 1, values);
    if (found !== undefined) return found;
    values.pop();
  }
  if (greedy === undefined) return undefined;
  const { methods } = greedy.node;
  const found = methods.get(verb) ?? methods.get('ANY');
  if (found !== undefined) values.push([greedy.name, parts.slice(at).join('/')]);
  return found;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // Not UTF-8: then it is no literal of ours.
    return part;
  }
}
