import type { OperationModel, ServiceModel } from '../model/model.ts';
import { parseQueryString } from './query-string.ts';
import { parseUriTemplate, pathSegments, type UriTemplate, withoutLastEmpty } from './uri-template.ts';

/**
 * Finds the operation of a REST protocol a request is for: by method, path (percent-encoded as sent), query string
 * and headers (names in lower case). Undefined when the model has none there.
 */
export type Route = (
  method: string,
  path: string,
  query: string,
  headers?: Readonly<Record<string, string>>,
) => OperationModel | undefined;

interface Candidate {
  readonly operation: OperationModel;
  readonly literals: UriTemplate['query'];
  /** Query parameters and headers the input requires; they tell UploadPart from PutObject. */
  readonly requiredQuery: readonly string[];
  readonly requiredHeaders: readonly string[];
}

interface Node {
  readonly literals: Map<string, Node>;
  label: Node | undefined;
  /** What follows a greedy label, and who ends there. */
  readonly greedy: { readonly suffix: readonly string[]; readonly candidates: Candidate[] }[];
  readonly candidates: Candidate[];
}

const routes = new WeakMap<ServiceModel, Route>();

/** The route table of a model, compiled once. */
export function routeOf(model: ServiceModel): Route {
  let route = routes.get(model);
  if (!route) routes.set(model, (route = compile(model)));
  return route;
}

function compile(model: ServiceModel): Route {
  const roots = new Map<string, Node>();
  for (const operation of Object.values(model.operations)) {
    if (!operation.http) continue;
    let node = roots.get(operation.http.method);
    if (!node) roots.set(operation.http.method, (node = emptyNode()));
    const template = parseUriTemplate(operation.http.requestUri);
    placeFor(node, template).push(candidateOf(model, operation, template));
  }
  for (const root of roots.values()) sortCandidates(root);
  return (method, path, query, headers = {}) => {
    const root = roots.get(method);
    if (!root) return undefined;
    const raw = pathSegments(path);
    const segments = withoutLastEmpty(raw);
    const parameters = parseQueryString(query) ?? new Map<string, string[]>();
    return find(root, segments, raw, 0, (candidates) => choose(candidates, parameters, headers));
  };
}

function emptyNode(): Node {
  return { literals: new Map(), label: undefined, greedy: [], candidates: [] };
}

/** Where in the tree an operation of this template belongs. */
function placeFor(root: Node, template: UriTemplate): Candidate[] {
  let node = root;
  for (const [at, segment] of template.segments.entries()) {
    if (segment.kind === 'literal') {
      if (segment.text === '' && at === template.segments.length - 1) break;
      let next = node.literals.get(segment.text);
      if (!next) node.literals.set(segment.text, (next = emptyNode()));
      node = next;
    } else if (segment.greedy) {
      const suffix = template.segments
        .slice(at + 1)
        .map((after) => (after.kind === 'literal' ? after.text : after.name));
      let place = node.greedy.find((known) => known.suffix.join('/') === suffix.join('/'));
      if (!place) node.greedy.push((place = { suffix, candidates: [] }));
      return place.candidates;
    } else node = node.label ??= emptyNode();
  }
  return node.candidates;
}

function candidateOf(model: ServiceModel, operation: OperationModel, template: UriTemplate): Candidate {
  const shape = operation.input && model.shapes[operation.input.shape];
  const requiredAt = (location: 'querystring' | 'header') =>
    (shape?.required ?? []).flatMap((name) => {
      const ref = shape?.members?.[name];
      return ref?.location === location ? [ref.locationName ?? name] : [];
    });
  return {
    operation,
    literals: template.query,
    requiredQuery: requiredAt('querystring'),
    requiredHeaders: requiredAt('header').map((name) => name.toLowerCase()),
  };
}

/** Most specific first; of two that are alike, the one that is not deprecated. */
function sortCandidates(node: Node): void {
  const order = (a: Candidate, b: Candidate) =>
    b.literals.length - a.literals.length ||
    requirements(b) - requirements(a) ||
    Number(a.operation.deprecated ?? false) - Number(b.operation.deprecated ?? false);
  node.candidates.sort(order);
  node.greedy.sort((a, b) => b.suffix.length - a.suffix.length);
  for (const { candidates } of node.greedy) candidates.sort(order);
  for (const next of node.literals.values()) sortCandidates(next);
  if (node.label) sortCandidates(node.label);
}

function requirements(candidate: Candidate): number {
  return candidate.requiredQuery.length + candidate.requiredHeaders.length;
}

/** A literal segment goes before a label, a label before a greedy one. `segments` lacks the last slash, `raw` does not. */
function find(
  node: Node,
  segments: readonly string[],
  raw: readonly string[],
  at: number,
  pick: (candidates: readonly Candidate[]) => OperationModel | undefined,
): OperationModel | undefined {
  const segment = segments[at];
  if (segment !== undefined) {
    const literal = node.literals.get(segment);
    const found =
      (literal && find(literal, segments, raw, at + 1, pick)) ??
      (node.label && segment !== '' ? find(node.label, segments, raw, at + 1, pick) : undefined);
    if (found) return found;
  } else {
    const found = pick(node.candidates);
    if (found) return found;
  }
  for (const { suffix, candidates } of node.greedy) {
    const end = raw.length - suffix.length;
    const taken = end - at;
    if (taken < 1 || (taken === 1 && raw[at] === '')) continue;
    if (suffix.every((text, i) => raw[end + i] === text)) return pick(candidates);
  }
  return undefined;
}

function choose(
  candidates: readonly Candidate[],
  parameters: ReadonlyMap<string, readonly string[]>,
  headers: Readonly<Record<string, string>>,
): OperationModel | undefined {
  let fewest: Candidate | undefined;
  for (const candidate of candidates) {
    // With its literals there it is meant, whatever else is missing: validation says what.
    if (fewest && candidate.literals.length < fewest.literals.length) break;
    if (!candidate.literals.every(([name, value]) => carries(parameters, name, value))) continue;
    if (
      candidate.requiredQuery.every((name) => parameters.has(name)) &&
      candidate.requiredHeaders.every((name) => headers[name] !== undefined)
    ) {
      return candidate.operation;
    }
    fewest = candidate;
  }
  return fewest?.operation;
}

function carries(
  parameters: ReadonlyMap<string, readonly string[]>,
  name: string,
  value: string | undefined,
): boolean {
  const values = parameters.get(name);
  return values !== undefined && (value === undefined || value === '' || values.includes(value));
}
