/** Longest path, most values a path may visit. */
const MOST_PATH = 2000;
const MOST_VISITS = 100_000;

type Step =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly from: number | undefined; readonly to: number | undefined }
  | { readonly kind: 'all' }
  | { readonly kind: 'deep' };

/**
 * The subset of JSONPath mapping templates use: members, quoted members, indices, slices, wildcards and `..`. A path
 * that names one place gives its value; one that may name several gives a list. Undefined when nothing is there or
 * the path is none.
 */
export function evaluatePath(root: unknown, path: string): unknown {
  const steps = stepsOf(path);
  if (steps === undefined || root === undefined) return undefined;
  const many = steps.some(({ kind }) => kind === 'all' || kind === 'deep' || kind === 'slice');
  let values: unknown[] = [root];
  for (const step of steps) {
    const next: unknown[] = [];
    for (const value of values) {
      follow(value, step, next);
      if (next.length > MOST_VISITS) return undefined;
    }
    values = next;
  }
  return many ? values : values[0];
}

function follow(value: unknown, step: Step, into: unknown[]): void {
  switch (step.kind) {
    case 'name':
      if (isObject(value) && Object.hasOwn(value, step.name)) into.push(value[step.name]);
      return;
    case 'index': {
      if (!Array.isArray(value)) return;
      const index = step.index < 0 ? value.length + step.index : step.index;
      if (index >= 0 && index < value.length) into.push(value[index]);
      return;
    }
    case 'slice':
      if (Array.isArray(value)) for (const item of value.slice(step.from, step.to)) into.push(item);
      return;
    case 'all':
      for (const item of childrenOf(value)) into.push(item);
      return;
    case 'deep':
      descend(value, into);
  }
}

function descend(value: unknown, into: unknown[]): void {
  const pending = [value];
  while (pending.length > 0 && into.length <= MOST_VISITS) {
    const next = pending.pop();
    into.push(next);
    pending.push(...childrenOf(next).toReversed());
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function childrenOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

const BRACKET = /\[\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(-?\d+)|(-?\d*)\s*:\s*(-?\d*)|(\*))\s*\]/y;
const NAME = /[^.[\]()'"\s]+/y;

const parsed = new Map<string, readonly Step[] | undefined>();
const MOST_PARSED = 1000;

function stepsOf(path: string): readonly Step[] | undefined {
  if (parsed.has(path)) return parsed.get(path);
  const steps = path.length > MOST_PATH ? undefined : parse(path);
  if (parsed.size >= MOST_PARSED) parsed.clear();
  parsed.set(path, steps);
  return steps;
}

function parse(path: string): readonly Step[] | undefined {
  const text = path.startsWith('$') ? path : `$.${path}`;
  const steps: Step[] = [];
  let at = 1;
  while (at < text.length) {
    if (text[at] === '[') {
      BRACKET.lastIndex = at;
      const match = BRACKET.exec(text);
      if (match === null) return undefined;
      at = BRACKET.lastIndex;
      steps.push(bracketStep(match));
      continue;
    }
    if (text[at] !== '.') return undefined;
    at += 1;
    if (text[at] === '.') {
      steps.push({ kind: 'deep' });
      at += 1;
      if (text[at] === '[') continue;
    }
    NAME.lastIndex = at;
    const name = NAME.exec(text)?.[0];
    if (name === undefined) return undefined;
    at += name.length;
    steps.push(name === '*' ? { kind: 'all' } : { kind: 'name', name });
  }
  return steps;
}

function bracketStep([, single, double, index, from, to, all]: RegExpExecArray): Step {
  const name = single ?? double;
  if (name !== undefined) return { kind: 'name', name: name.replace(/\\(.)/g, '$1') };
  if (index !== undefined) return { kind: 'index', index: Number(index) };
  if (all !== undefined) return { kind: 'all' };
  const bound = (text: string | undefined) => (text === undefined || text === '' ? undefined : Number(text));
  return { kind: 'slice', from: bound(from), to: bound(to) };
}
