import { type AttributeValue, attributeOf, emptyItem, type Item } from './attribute-value.ts';
import { type DocumentPath, pathClash } from './document-path.ts';
import type { ExpressionAttributes } from './expression-attributes.ts';
import { ExpressionParser } from './expression-parser.ts';

/** A tree of the parts an answer shows: children by name or index; a leaf shows all of its value. */
export interface Projection {
  readonly paths: readonly DocumentPath[];
  readonly root: Branch;
}

type Branch = Map<string | number, Branch>;
type Slot = 'reserved' | 'undefined' | 'overlap' | 'conflict';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html */
export function parseProjection(expression: string, attributes: ExpressionAttributes): Projection {
  const parser = new ExpressionParser<Slot>(
    expression,
    'ProjectionExpression',
    attributes,
    {
      reserved: 'reserved',
      name: 'undefined',
      value: 'undefined',
    },
    new Set(),
  );
  const paths: DocumentPath[] = [];
  do {
    const path = parser.path();
    for (const earlier of paths) {
      const clash = pathClash(earlier, path);
      if (clash !== undefined) parser.note(clash.kind, clash.message);
    }
    paths.push(path);
  } while (parser.skipSymbol(','));
  if (parser.token.kind !== 'end') throw parser.syntaxError();
  parser.report(['reserved', 'undefined', 'overlap', 'conflict']);
  return projectionOf(paths);
}

/** The projection of paths that do not overlap. */
export function projectionOf(paths: readonly DocumentPath[]): Projection {
  const root: Branch = new Map();
  for (const path of paths) {
    let branch = root;
    for (const part of path) {
      let child = branch.get(part);
      if (child === undefined) branch.set(part, (child = new Map()));
      branch = child;
    }
  }
  return { paths, root };
}

/** What a projection shows of an item. */
export function project(item: Item, { root }: Projection): Item {
  const shown = emptyItem();
  for (const [name, branch] of root) {
    const value = attributeOf(item, name as string);
    const part = value === undefined ? undefined : projectValue(value, branch);
    if (part !== undefined) shown[name as string] = part;
  }
  return shown;
}

function projectValue(value: AttributeValue, branch: Branch): AttributeValue | undefined {
  if (branch.size === 0) return value;
  if (value.M !== undefined) {
    const shown = project(value.M, { paths: [], root: branch });
    return Object.keys(shown).length === 0 ? undefined : { M: shown };
  }
  if (value.L === undefined) return undefined;
  const shown: AttributeValue[] = [];
  for (const index of [...branch.keys()].filter((part) => typeof part === 'number').sort((a, b) => a - b)) {
    const element = value.L[index];
    const part = element === undefined ? undefined : projectValue(element, branch.get(index) as Branch);
    if (part !== undefined) shown.push(part);
  }
  return shown.length === 0 ? undefined : { L: shown };
}
