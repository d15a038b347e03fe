import { isAlias, isMap, isScalar, isSeq, type Node, parseDocument, type Scalar } from 'yaml';
import { validationError } from '../fault.ts';
import { emptyMap, longForm, type Value } from './value.ts';

/** Deeper templates are refused before they exhaust the stack. */
const MOST_DEPTH = 100;

const SHORT_FORMS = new Set(
  `And Base64 Cidr Condition Equals FindInMap GetAtt GetAZs If ImportValue Join Length Not Or Ref Select Split Sub
ToJsonString Transform`.split(/\s+/),
);

/**
 * Parses a template's text, JSON when it starts with a brace and YAML otherwise, into plain values; the short forms
 * (`!Ref x`) come out long (`{Ref: x}`). YAML as CloudFormation reads it: 1.1 booleans, no dates, no octal numbers,
 * no aliases, no duplicate keys. Numbers whose digits would change (`1.10`, `007`, 20 digits) stay text.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
 */
export function parseTemplateText(text: string): Value {
  return text.trimStart().startsWith('{') ? parseJson(text) : parseYaml(text);
}

function parseJson(text: string): Value {
  let value: Value;
  try {
    value = JSON.parse(text) as Value;
  } catch (error) {
    // A YAML flow map starts with a brace too, and is a template as well.
    const line = (error as Error).message;
    if (!/^\s*\{\s*"/.test(text)) return parseYaml(text);
    const offset = Number(/position (\d+)/.exec(line)?.[1] ?? text.length);
    throw notWellFormed('JSON', text, offset + 1);
  }
  refuseDuplicateKeys(text);
  return value;
}

/** `JSON.parse` lets the last of two equal keys win in silence. */
function refuseDuplicateKeys(text: string): void {
  const scopes: (Set<string> | undefined)[] = [];
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]]/g;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [word] = match;
    if (word === '{') scopes.push(new Set());
    else if (word === '[') scopes.push(undefined);
    else if (word === '}' || word === ']') scopes.pop();
    else if (/^\s*:/.test(text.slice(token.lastIndex, token.lastIndex + 64))) {
      const scope = scopes.at(-1);
      if (scope?.has(word)) throw notWellFormed('JSON', text, match.index, `duplicate key ${word}`);
      scope?.add(word);
    }
  }
}

function notWellFormed(format: 'JSON' | 'YAML', text: string, offset: number, detail?: string) {
  const before = text.slice(0, offset).split('\n');
  const where = `(line ${before.length}, column ${(before.at(-1) ?? '').length + 1})`;
  return validationError(
    `Template format error: ${format} not well-formed. ${where}${detail === undefined ? '' : `: ${detail}`}`,
  );
}

/** JSON pasted into YAML is often less indented than YAML asks; so many such lines are put right. */
const MOST_UNINDENTED = 200;

function parseYaml(text: string): Value {
  let document = yamlDocument(text);
  let source = text;
  for (let lines = 0; document.errors[0]?.code === 'BAD_INDENT' && lines < MOST_UNINDENTED; lines++) {
    // Inside brackets indentation says nothing; the readers AWS uses do not look at it there.
    const start = source.lastIndexOf('\n', document.errors[0].pos[0] - 1) + 1;
    source = `${source.slice(0, start)}${' '.repeat(80)}${source.slice(start)}`;
    document = yamlDocument(source);
  }
  const [error] = document.errors;
  if (error !== undefined) {
    const detail = error.code === 'DUPLICATE_KEY' ? 'duplicate key' : undefined;
    throw notWellFormed('YAML', source, error.pos[0], detail);
  }
  return convert(document.contents, 0);
}

function yamlDocument(text: string) {
  return parseDocument(text, {
    schema: 'failsafe',
    version: '1.1',
    merge: false,
    logLevel: 'silent',
    customTags: [],
  });
}

function convert(node: Node | null, depth: number): Value {
  if (node === null) return null;
  if (depth > MOST_DEPTH) throw validationError('Template format error: the template is nested too deeply');
  if (isAlias(node)) {
    throw validationError('Template error: YAML aliases are not allowed in CloudFormation templates');
  }
  const tag = 'tag' in node ? node.tag : undefined;
  if (tag !== undefined && !tag.startsWith('tag:yaml.org,2002:')) return convertCall(tag, node, depth);
  return convertPlain(node, depth);
}

function convertPlain(node: Node, depth: number): Value {
  if (isMap(node)) {
    const map = emptyMap();
    for (const { key, value } of node.items) {
      if (!isScalar(key)) throw validationError('Template format error: every key must be a string');
      map[String(key.value ?? 'null')] = convert(value as Node | null, depth + 1);
    }
    return map;
  }
  if (isSeq(node)) return node.items.map((item) => convert(item as Node, depth + 1));
  if (isScalar(node)) return convertScalar(node);
  throw validationError('Template format error: YAML not well-formed.');
}

function convertCall(tag: string, node: Node, depth: number): Value {
  const name = tag.replace(/^!/, '');
  if (!SHORT_FORMS.has(name)) {
    throw validationError(`Template format error: Unrecognized tag !${name}`);
  }
  const argument = isScalar(node) ? String(node.value ?? '') : convertPlain(node, depth + 1);
  const call = emptyMap();
  call[longForm(name)] =
    name === 'GetAtt' && typeof argument === 'string' ? splitAttribute(argument) : argument;
  return call;
}

/** `Resource.Attribute.With.Dots` → [resource, the rest]. */
export function splitAttribute(text: string): Value {
  const dot = text.indexOf('.');
  return dot === -1 ? [text] : [text.slice(0, dot), text.slice(dot + 1)];
}

const TRUE = /^(?:true|True|TRUE|yes|Yes|YES|on|On|ON)$/;
const FALSE = /^(?:false|False|FALSE|no|No|NO|off|Off|OFF)$/;
const NULL = /^(?:|~|null|Null|NULL)$/;
const NUMBER = /^[-+]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

function convertScalar(node: Scalar): Value {
  const text = String(node.value ?? '');
  if (node.type !== 'PLAIN' || node.tag === 'tag:yaml.org,2002:str') return text;
  if (NULL.test(text)) return null;
  if (TRUE.test(text)) return true;
  if (FALSE.test(text)) return false;
  // A number that JavaScript would print differently is kept as it was written.
  if (NUMBER.test(text) && String(Number(text)) === text) return Number(text);
  return text;
}
