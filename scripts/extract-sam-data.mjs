// Extracts SAM's policy templates and the paths of AWS's managed policies, prose removed, from the folder of the
// `aws-sam-translator` package (PyPI):
//
//     pip download --no-deps aws-sam-translator && unzip aws_sam_translator-*.whl
//     node scripts/extract-sam-data.mjs samtranslator
//
// Writes models/cloudformation/sam/*.json, an entry a line, so that a new release reads as a diff.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [source] = process.argv.slice(2);
if (!source) throw new Error('usage: extract-sam-data.mjs SAMTRANSLATOR_FOLDER');
const read = (path) => JSON.parse(readFileSync(join(source, path), 'utf8'));
const target = fileURLToPath(new URL('../models/cloudformation/sam/', import.meta.url));
mkdirSync(target, { recursive: true });

function write(name, entries) {
  const lines = entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  writeFileSync(join(target, name), `{\n${lines.join(',\n')}}\n`);
}

const { Templates } = read('policy_templates_data/policy_templates.json');
write(
  'policy-templates.json',
  Object.entries(Templates)
    .sort()
    .map(([name, { Parameters, Definition }]) => [
      name,
      { parameters: Object.keys(Parameters ?? {}), definition: Definition },
    ]),
);

const paths = new Map();
for (const arn of Object.values(read('internal/data/aws_managed_policies.json').aws)) {
  const parts = arn.split(':policy/')[1].split('/');
  const name = parts.pop();
  paths.set(parts.join('/'), [...(paths.get(parts.join('/')) ?? []), name]);
}
write(
  'managed-policies.json',
  [...paths].sort().map(([path, names]) => [path, names.sort()]),
);
