// Prints docs/support.md from the models and the registry; `--check` fails when the file is not what it would print.
import { readFileSync, writeFileSync } from 'node:fs';
import { loadModel, modelNames } from '../dist/src/model/load.js';
import { services } from '../dist/src/services/index.js';

const target = new URL('../docs/support.md', import.meta.url);

function section(name) {
  const model = loadModel(name);
  const definition = services.find((service) => service.model === name);
  const all = Object.keys(model.operations);
  const here = all.filter((operation) => definition && Object.hasOwn(definition.operations, operation));
  return {
    name,
    title: model.metadata.serviceFullName,
    all,
    here,
    stored: new Set(definition?.stored ?? []),
  };
}

const sections = modelNames().map(section);
const served = sections.filter(({ here }) => here.length > 0);
const lines = [
  '# What is supported',
  '',
  'Printed by `npm run docs` from the models and the registry. An operation that is not listed as supported answers 501',
  'with its name; it is never faked. **Stored** means kept and shown, but without effect.',
  '',
  '| service | supported | of |',
  '|---|---|---|',
  ...served.map(
    ({ name, title, here, all }) => `| [${title}](#${name}) (\`${name}\`) | ${here.length} | ${all.length} |`,
  ),
  '',
  ...served.flatMap(({ name, here, all, stored }) => [
    `## ${name}`,
    '',
    `Supported: ${here.map((operation) => `\`${operation}\`${stored.has(operation) ? ' (**stored**)' : ''}`).join(', ')}.`,
    '',
    ...(here.length === all.length
      ? []
      : [`Answers 501: ${all.filter((operation) => !here.includes(operation)).join(', ')}.`, '']),
  ]),
  '## Services whose every operation answers 501',
  '',
  `${sections
    .filter(({ here }) => here.length === 0)
    .map(({ title, name }) => `${title} (\`${name}\`)`)
    .join(', ')}.`,
  '',
];
const text = lines.join('\n');
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('docs/support.md is not what the registry says: npm run docs');
    process.exitCode = 1;
  }
} else writeFileSync(target, text);
