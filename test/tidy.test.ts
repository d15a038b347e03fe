import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** The import table of ARCHITECTURE.md: what each folder may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  [
    ...readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').matchAll(/^\| `(\w+)\/` *\|[^|]*\|([^|]*)\|$/gm),
  ].map(([, folder = '', names = '']) => [
    folder,
    names
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean),
  ]),
);
/** Composition roots know everything. */
const ROOTS = new Set(['main.ts', 'up.ts', 'cloud.ts', 'data-folder.ts']);
/** What only `world/` may touch. Bootstraps run inside the user's process, not ours. */
const AMBIENT =
  /\bDate\.now\b|\bMath\.random\b|(?<![.\w])set(?:Timeout|Interval)\b|\bprocess\.env\b|new Date\(\)/;
const CUPBOARD_NAME = /(?:^|[-/])(?:utils?|helpers?|manager|common|misc)(?:[-./]|$)/;
const MOST_LINES = 400;
/** Files over the limit that are one concept; the ratchet: an entry may shrink or go, never grow. */
const LONGER: Readonly<Record<string, number>> = {};

const src = join(root, 'src');

function* sources(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) {
      if (name !== 'gen' && name !== 'bootstraps') yield* sources(path);
    } else if (name.endsWith('.ts')) yield path;
  }
}

const files = [...sources(src)].map((path) => ({
  name: relative(src, path).split(sep).join('/'),
  text: readFileSync(path, 'utf8'),
  path,
}));

/** Comments may name what code may not. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:])\/\/.*$/gm, '$1');
}

test('every import is in the table, and services do not import each other', () => {
  const wrong: string[] = [];
  for (const { name, text, path } of files) {
    const folder = name.includes('/') ? name.slice(0, name.indexOf('/')) : name;
    if (ROOTS.has(folder)) continue;
    const service = /^services\/([^/]+)\//.exec(name)?.[1];
    for (const [, specifier = ''] of text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)) {
      const target = relative(src, resolve(dirname(path), specifier))
        .split(sep)
        .join('/');
      const into = target.includes('/') ? target.slice(0, target.indexOf('/')) : target;
      const supported = name.endsWith('.test.ts') && target.startsWith('../test/support/');
      const allowed = supported || into === folder || (MAY_IMPORT[folder] ?? []).includes(into);
      const other = /^services\/([^/]+)\//.exec(target)?.[1];
      if (!allowed || (service !== undefined && other !== undefined && service !== other)) {
        wrong.push(`${name} → ${target}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('time, chance and the environment come from world/', () => {
  const wrong = files
    .filter(({ name }) => !name.startsWith('world/') && !name.endsWith('.test.ts'))
    .flatMap(({ name, text }) =>
      AMBIENT.test(code(text)) ? [`${name}: ${AMBIENT.exec(code(text))?.[0]}`] : [],
    );
  assert.deepEqual(wrong, []);
});

test('no file is a cupboard', () => {
  const wrong = files.flatMap(({ name, text }) => {
    const lines = text.split('\n').length - 1;
    const most = LONGER[name] ?? MOST_LINES;
    return [
      ...(lines > most ? [`${name} has ${lines} lines, over ${most}`] : []),
      ...(CUPBOARD_NAME.test(name) ? [`${name} says nothing of what is in it`] : []),
    ];
  });
  assert.deepEqual(wrong, []);
});

test('every folder of src is in the table', () => {
  const folders = new Set(files.map(({ name }) => name.slice(0, Math.max(0, name.indexOf('/')))));
  assert.deepEqual(
    [...folders].filter((folder) => folder !== '' && !(folder in MAY_IMPORT)),
    [],
  );
});
