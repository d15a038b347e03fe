import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { type Zippable, zipSync } from 'fflate';
import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml';
import { DeployError } from './deploy-error.ts';

/** A folder or file of the user's that a template names, zipped. */
export interface Artifact {
  /** `<sha256 of what is packed>.zip`: told without packing, since most often it is there already. */
  readonly key: string;
  /** Packs it. */
  readonly bytes: () => Uint8Array;
  /** Absolute path of what was zipped, for watching. */
  readonly source: string;
}

export interface PackagedTemplate {
  /** The template with every local path replaced by its place in the bucket. */
  readonly text: string;
  readonly artifacts: readonly Artifact[];
}

/**
 * The properties that may hold a local path, and how the place in S3 is spelled there.
 * https://docs.aws.amazon.com/cli/latest/reference/cloudformation/package.html
 */
const LOCAL_PATHS: Readonly<
  Record<string, readonly { readonly property: string; readonly form: 'uri' | 'code' | 'content' }[]>
> = {
  'AWS::Serverless::Function': [{ property: 'CodeUri', form: 'uri' }],
  'AWS::Serverless::LayerVersion': [{ property: 'ContentUri', form: 'uri' }],
  'AWS::Lambda::Function': [{ property: 'Code', form: 'code' }],
  'AWS::Lambda::LayerVersion': [{ property: 'Content', form: 'content' }],
};

/** Zip entries carry no time of their own, so that the same files are the same bytes. */
const EPOCH = new Date('1980-01-01T00:00:00Z');
const NEVER_PACKED = new Set(['.git', '.DS_Store', '.aws-sam']);

interface PackedFile {
  /** Inside the zip. */
  readonly name: string;
  readonly content: Uint8Array;
  readonly executable: boolean;
}

function* filesIn(root: string, folder: string): Generator<PackedFile> {
  for (const name of readdirSync(folder).sort()) {
    if (NEVER_PACKED.has(name)) continue;
    const path = join(folder, name);
    const facts = statSync(path);
    if (facts.isDirectory()) yield* filesIn(root, path);
    else if (facts.isFile()) yield packedFile(path, relative(root, path), facts.mode);
  }
}

function packedFile(path: string, name: string, mode: number): PackedFile {
  return { name, content: readFileSync(path), executable: (mode & 0o111) !== 0 };
}

function zip(files: readonly PackedFile[]): Uint8Array {
  const entries: Zippable = {};
  for (const { name, content, executable } of files) {
    const attrs = (executable ? 0o100755 : 0o100644) << 16;
    entries[name] = [content, { mtime: EPOCH, os: 3, attrs }];
  }
  return zipSync(entries, { level: 6 });
}

/** A folder, or one file as a folder of one, as a zip; a `.zip` goes as it is. */
export function artifactOf(path: string): Artifact {
  const facts = statSync(path);
  const hash = createHash('sha256');
  let bytes: () => Uint8Array;
  if (facts.isFile() && path.endsWith('.zip')) {
    const content = readFileSync(path);
    hash.update(content);
    bytes = () => content;
  } else {
    const files = facts.isDirectory()
      ? [...filesIn(path, path)]
      : [packedFile(path, relative(dirname(path), path), facts.mode)];
    for (const { name, content, executable } of files) {
      hash.update(`${name}\0${executable ? 'x' : '-'}${content.length}\0`).update(content);
    }
    bytes = () => zip(files);
  }
  return { key: `${hash.digest('hex')}.zip`, bytes, source: path };
}

function isLocal(path: string): boolean {
  return !/^(?:s3|https?):\/\//.test(path);
}

/** Replaces one property, keeping the rest of the template as its author wrote it. */
function replace(
  properties: YAMLMap,
  property: string,
  form: 'uri' | 'code' | 'content',
  bucket: string,
  key: string,
): void {
  if (form === 'uri') properties.set(property, `s3://${bucket}/${key}`);
  else properties.set(property, { S3Bucket: bucket, S3Key: key });
}

/** What the user's own paths lead to: a missing file is his to mend, and is told in his words. */
function attempt<Result>(what: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new DeployError(`${what}: ${code === 'ENOENT' ? 'there is no such file or folder' : message}`);
  }
}

/**
 * Zips what the template names locally; `bucket` is where the caller will put the artifacts.
 * Throws a `DeployError` where the template or what it names cannot be read.
 */
export function packageTemplate(templateFile: string, bucket: string): PackagedTemplate {
  const folder = dirname(resolve(templateFile));
  // Tags such as !Sub are CloudFormation's; they pass through as they stand.
  const source = attempt(templateFile, () => readFileSync(templateFile, 'utf8'));
  const document = parseDocument(source, { logLevel: 'silent', version: '1.1' });
  const [broken] = document.errors;
  if (broken !== undefined) throw new DeployError(`${templateFile}: ${broken.message.trimEnd()}`);
  const artifacts = new Map<string, Artifact>();
  const resources = document.get('Resources');
  if (!isMap(resources)) return { text: String(document), artifacts: [] };
  const global = document.getIn(['Globals', 'Function']);
  const places: {
    readonly properties: YAMLMap;
    readonly property: string;
    readonly form: 'uri' | 'code' | 'content';
  }[] = [];
  if (isMap(global)) places.push({ properties: global, property: 'CodeUri', form: 'uri' });
  for (const { value: resource } of resources.items) {
    if (!isMap(resource)) continue;
    const properties = resource.get('Properties');
    const type = String(resource.get('Type'));
    if (isMap(properties)) for (const place of LOCAL_PATHS[type] ?? []) places.push({ properties, ...place });
  }
  for (const { properties, property, form } of places) {
    const value = properties.get(property, true);
    if (!isScalar(value) || typeof value.value !== 'string' || !isLocal(value.value)) continue;
    const path = resolve(folder, value.value);
    let artifact = artifacts.get(path);
    if (artifact === undefined) artifacts.set(path, (artifact = attempt(path, () => artifactOf(path))));
    replace(properties, property, form, bucket, artifact.key);
  }
  return { text: document.toString({ lineWidth: 0 }), artifacts: [...artifacts.values()] };
}
