import { utf8Text } from './utf8.ts';

/** A dotted name's place: `Tags.member.1.Key=a` is `a` under `Tags`, `member`, `1`, `Key`. */
export interface FormNode {
  value: string | undefined;
  children: Map<string, FormNode> | undefined;
}

/** No operation nests deeper; recursive shapes could. */
const MAX_SEGMENTS = 128;

export function emptyForm(): FormNode {
  return { value: undefined, children: undefined };
}

/** Adds form-encoded fields (a body or a query string) to a tree; false when they are not form-encoded UTF-8. */
export function addForm(root: FormNode, fields: string): boolean {
  if (fields === '') return true;
  for (const field of fields.split('&')) {
    if (field === '') continue;
    const equals = field.indexOf('=');
    const name = decodeFormText(equals < 0 ? field : field.slice(0, equals));
    const value = decodeFormText(equals < 0 ? '' : field.slice(equals + 1));
    if (name === undefined || value === undefined) return false;
    let node = root;
    const segments = name.split('.', MAX_SEGMENTS + 1);
    if (segments.length > MAX_SEGMENTS) return false;
    for (const segment of segments) {
      node.children ??= new Map();
      let child = node.children.get(segment);
      if (!child) node.children.set(segment, (child = emptyForm()));
      node = child;
    }
    node.value = value;
  }
  return true;
}

/** The fields of a form-encoded body; undefined when it is none. */
export function parseForm(body: Uint8Array): FormNode | undefined {
  const text = utf8Text(body);
  const root = emptyForm();
  return text !== undefined && addForm(root, text) ? root : undefined;
}

/** Undoes `application/x-www-form-urlencoded`; undefined for escapes that are not UTF-8. */
export function decodeFormText(text: string): string | undefined {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}
