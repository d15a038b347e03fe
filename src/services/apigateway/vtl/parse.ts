import { Cursor } from './cursor.ts';
import { parseExpression, parseReference } from './expression.ts';
import { type Expression, type Node, TemplateError } from './node.ts';

/** Longest template, in characters; API Gateway's own limit. */
const MOST_TEMPLATE = 300 * 1024;
const MOST_DEPTH = 100;

/** A directive that ends the block it stands in. */
type Ending = 'end' | 'else' | 'elseif' | undefined;

/**
 * Reads a template of the Velocity Template Language. Throws {@link TemplateError}.
 * https://velocity.apache.org/engine/1.7/vtl-reference.html
 */
export function parseTemplate(source: string): readonly Node[] {
  if (source.length > MOST_TEMPLATE) throw new TemplateError('the template is too long');
  return parseAll(new Cursor(source));
}

export function parseAll(cursor: Cursor): readonly Node[] {
  const { nodes, ending } = parseBlock(cursor);
  if (ending !== undefined) cursor.fail(`#${ending} without #if or #foreach`);
  return nodes;
}

function parseBlock(cursor: Cursor): { readonly nodes: readonly Node[]; readonly ending: Ending } {
  cursor.depth += 1;
  if (cursor.depth > MOST_DEPTH) cursor.fail('blocks are nested too deeply');
  const nodes: Node[] = [];
  let text = '';
  const flush = () => {
    if (text !== '') nodes.push({ kind: 'text', text });
    text = '';
  };
  while (!cursor.done) {
    const start = cursor.at;
    const next = cursor.peek();
    if (next === '$' || (next === '\\' && cursor.peek(1) === '$')) {
      const escaped = next === '\\';
      if (escaped) cursor.at += 1;
      const reference = parseReference(cursor);
      if (reference === undefined) text += cursor.text.slice(start, (cursor.at = start + 1));
      else {
        flush();
        nodes.push({ kind: 'reference', reference, escaped });
      }
    } else if (next === '#') {
      const skipped = skipComment(cursor);
      if (skipped !== undefined) text += skipped;
      else {
        const name = directiveName(cursor);
        if (name === undefined) {
          cursor.at = start + 1;
          text += '#';
          continue;
        }
        if (name === 'end' || name === 'else' || name === 'elseif') {
          flush();
          if (name !== 'elseif') cursor.endLine();
          cursor.depth -= 1;
          return { nodes, ending: name };
        }
        // Blanks before #set on its line are its indentation.
        if (name === 'set' && beginsLine(cursor.text, start)) text = text.replace(/[ \t]+$/, '');
        flush();
        nodes.push(parseDirective(cursor, name));
      }
    } else {
      let end = start + 1;
      while (end < cursor.text.length && !'$#\\'.includes(cursor.text[end] as string)) end += 1;
      cursor.at = end;
      text += cursor.text.slice(start, cursor.at);
    }
  }
  flush();
  cursor.depth -= 1;
  return { nodes, ending: undefined };
}

function beginsLine(text: string, at: number): boolean {
  let before = at - 1;
  while (text[before] === ' ' || text[before] === '\t') before -= 1;
  return before < 0 || text[before] === '\n';
}

/** Skips `##…`, `#*…*#`; returns what `#[[…]]#` holds. Undefined when none of them begins here. */
function skipComment(cursor: Cursor): string | undefined {
  if (cursor.take('##')) {
    while (!cursor.done && cursor.peek() !== '\n') cursor.at += 1;
    cursor.take('\n');
    return '';
  }
  for (const [open, close] of [
    ['#*', '*#'],
    ['#[[', ']]#'],
  ] as const) {
    if (!cursor.take(open)) continue;
    const start = cursor.at;
    while (!cursor.done && !cursor.looksAt(close)) cursor.at += 1;
    const text = cursor.text.slice(start, cursor.at);
    cursor.expect(close);
    return open === '#*' ? '' : text;
  }
  return undefined;
}

const DIRECTIVES = new Set(['set', 'if', 'elseif', 'else', 'end', 'foreach', 'break', 'stop']);
const REFUSED = new Set(['macro', 'parse', 'include', 'evaluate', 'define']);

function directiveName(cursor: Cursor): string | undefined {
  cursor.at += 1;
  const braced = cursor.take('{');
  const match = /[a-z]+/y;
  match.lastIndex = cursor.at;
  const word = match.exec(cursor.text)?.[0];
  if (word === undefined) return undefined;
  // `#elsefoo` is `#else` and text, as `#end` before a word is.
  const name =
    DIRECTIVES.has(word) || REFUSED.has(word)
      ? word
      : ['elseif', 'else', 'end'].find((known) => word.startsWith(known));
  if (name === undefined) return undefined;
  cursor.at += name.length;
  if (braced) cursor.expect('}');
  if (REFUSED.has(name)) cursor.fail(`#${name} is not supported`);
  return name;
}

function parseDirective(cursor: Cursor, name: string): Node {
  switch (name) {
    case 'set':
      return parseSet(cursor);
    case 'if':
      return parseIf(cursor);
    case 'foreach':
      return parseForeach(cursor);
    default:
      cursor.endLine();
      return { kind: name === 'break' ? 'break' : 'stop' };
  }
}

function open(cursor: Cursor): void {
  cursor.skipSpace();
  cursor.expect('(');
  cursor.skipSpace();
}

function close(cursor: Cursor): void {
  cursor.skipSpace();
  cursor.expect(')');
  cursor.endLine();
}

function parseSet(cursor: Cursor): Node {
  open(cursor);
  const target = parseReference(cursor);
  if (target === undefined) return cursor.fail('#set needs a reference');
  cursor.skipSpace();
  cursor.expect('=');
  const value = parseExpression(cursor);
  close(cursor);
  return { kind: 'set', target, value };
}

function parseIf(cursor: Cursor): Node {
  const branches: { test: Expression; body: readonly Node[] }[] = [];
  let otherwise: readonly Node[] = [];
  let ending: Ending = 'elseif';
  while (ending === 'elseif') {
    open(cursor);
    const test = parseExpression(cursor);
    close(cursor);
    const block = parseBlock(cursor);
    branches.push({ test, body: block.nodes });
    ending = block.ending;
  }
  if (ending === 'else') {
    const block = parseBlock(cursor);
    otherwise = block.nodes;
    ending = block.ending;
  }
  if (ending !== 'end') cursor.fail('#if without #end');
  return { kind: 'if', branches, otherwise };
}

function parseForeach(cursor: Cursor): Node {
  open(cursor);
  const variable = parseReference(cursor);
  if (variable === undefined) return cursor.fail('#foreach needs a reference');
  cursor.skipSpace();
  cursor.expect('in');
  const list = parseExpression(cursor);
  close(cursor);
  const { nodes, ending } = parseBlock(cursor);
  if (ending !== 'end') cursor.fail('#foreach without #end');
  return { kind: 'foreach', name: variable.name, list, body: nodes };
}
