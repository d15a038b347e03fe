import { chmod, mkdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { BlobRef } from '../../store/blobs.ts';
import { fault } from './reference.ts';
import { readEntry, readZip, ZipError } from './zip.ts';

/** Lambda's bound on code and layers together, unpacked. */
export const MOST_UNZIPPED_BYTES = 262_144_000;

/** Of an archive that is sent in a request. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const MOST_ZIPPED_BYTES = 52_428_800;

/** Where a request says its code is. */
export interface CodeSource {
  readonly ZipFile?: Uint8Array | undefined;
  readonly S3Bucket?: string | undefined;
  readonly S3Key?: string | undefined;
  readonly S3ObjectVersion?: string | undefined;
  readonly S3ObjectStorageMode?: string | undefined;
  readonly SourceKMSKeyArn?: string | undefined;
}

/** Stores the code of a request, unpacked once to see that it can be. The caller retains the blob. */
export async function storeCode(ctx: Context, source: CodeSource): Promise<BlobRef> {
  for (const name of ['S3ObjectStorageMode', 'SourceKMSKeyArn'] as const) {
    if (source[name] !== undefined)
      throw fault('InvalidParameterValueException', `${name} is not supported here.`);
  }
  const archive = source.ZipFile ?? (await readFromS3(ctx, source));
  if (archive.byteLength === 0) {
    throw fault('InvalidParameterValueException', 'Uploaded file must be a non-empty zip');
  }
  if (source.ZipFile !== undefined && archive.byteLength > MOST_ZIPPED_BYTES) {
    throw new Fault(
      'RequestEntityTooLargeException',
      `Zipped size must be smaller than ${MOST_ZIPPED_BYTES} bytes`,
      {},
      413,
    );
  }
  const ref = await ctx.blobs.put(archive);
  await unpack(ctx, ref, archive);
  return ref;
}

async function readFromS3(ctx: Context, source: CodeSource): Promise<Uint8Array> {
  const { S3Bucket, S3Key, S3ObjectVersion } = source;
  if (S3Bucket === undefined || S3Key === undefined) {
    throw fault('InvalidParameterValueException', 'Please provide a source for function code.');
  }
  try {
    const { Body } = await ctx.call<{ Body: AsyncIterable<Uint8Array> | Uint8Array | undefined }>(
      's3',
      'GetObject',
      {
        Bucket: S3Bucket,
        Key: S3Key,
        VersionId: S3ObjectVersion,
      },
    );
    if (Body === undefined) return new Uint8Array(0);
    if (Body instanceof Uint8Array) return Body;
    const chunks: Uint8Array[] = [];
    for await (const chunk of Body) chunks.push(chunk);
    return Buffer.concat(chunks);
  } catch (error) {
    if (!Fault.is(error)) throw error;
    if (error.code === 'NoSuchKey' || error.code === 'NoSuchBucket' || error.code === 'NoSuchVersion') {
      throw fault(
        'InvalidParameterValueException',
        `Error occurred while GetObject. S3 Error Code: ${error.code}. S3 Error Message: ${error.message}`,
      );
    }
    if (error.code === 'AccessDenied') {
      throw fault(
        'AccessDeniedException',
        'Your access has been denied by S3, please make sure your request credentials have permission to GetObject for ' +
          `${S3Bucket}/${S3Key}. S3 Error Code: ${error.code}. S3 Error Message: ${error.message}`,
      );
    }
    throw error;
  }
}

const unpacking = new Map<string, Promise<string>>();

/** The folder with the unpacked code: derived from the blob, made again when it has gone. */
export async function codeFolder(ctx: Context, ref: BlobRef): Promise<string> {
  return unpack(ctx, ref, undefined);
}

function unpack(ctx: Context, ref: BlobRef, archive: Uint8Array | undefined): Promise<string> {
  const target = join(ctx.derivedFolder, 'code', ref.sha256);
  let work = unpacking.get(target);
  if (work === undefined) {
    work = unpackInto(ctx, target, ref, archive).finally(() => unpacking.delete(target));
    unpacking.set(target, work);
  }
  return work;
}

async function unpackInto(
  ctx: Context,
  target: string,
  ref: BlobRef,
  given: Uint8Array | undefined,
): Promise<string> {
  if (await exists(target)) return target;
  const archive = given ?? (await ctx.blobs.read(ref));
  const staging = `${target}.${ctx.world.random.uuid()}`;
  try {
    await unzipInto(archive, staging);
    await rename(staging, target);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    // Another process was faster.
    if (await exists(target)) return target;
    if (error instanceof ZipError) {
      throw fault(
        'InvalidParameterValueException',
        'Could not unzip uploaded file. Please check your file, then try to upload again.',
      );
    }
    throw error;
  }
  return target;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function unzipInto(archive: Uint8Array, folder: string): Promise<void> {
  const entries = readZip(archive);
  let total = 0;
  for (const { size } of entries) total += size;
  if (total >= MOST_UNZIPPED_BYTES) {
    throw fault(
      'InvalidParameterValueException',
      `Unzipped size must be smaller than ${MOST_UNZIPPED_BYTES} bytes`,
    );
  }
  await mkdir(folder, { recursive: true });
  const made = new Set<string>();
  const folderOf = async (path: string) => {
    if (made.has(path)) return;
    await mkdir(join(folder, path), { recursive: true });
    made.add(path);
  };
  for (const entry of entries) {
    if (entry.kind === 'folder') await folderOf(entry.path);
    if (entry.kind !== 'file') continue;
    await folderOf(dirname(entry.path));
    const path = join(folder, entry.path);
    await writeFile(path, await readEntry(archive, entry));
    await chmod(path, entry.executable ? 0o755 : 0o644);
  }
  for (const entry of entries) {
    if (entry.kind !== 'symlink') continue;
    await folderOf(dirname(entry.path));
    await symlink((await readEntry(archive, entry)).toString('utf8'), join(folder, entry.path));
  }
}
