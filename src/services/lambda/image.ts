import type { ImageConfig } from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import type { ImageSpec } from '../../service/runtimes.ts';
import type { BlobRef } from '../../store/blobs.ts';
import type { FunctionVersion, StoredImage } from './layout.ts';
import { fault } from './reference.ts';

/** What an image function has in its version. Its runtime and handler are in the image, and these are never shown. */
export const IMAGE_RUNTIME = { runtime: 'provided.al2023', handler: 'bootstrap' } as const;

/** Looks an image up in the machine's container engine and pins it: the name may mean another one tomorrow. */
export async function storeImage(
  ctx: Context,
  uri: string,
  before: StoredImage | undefined,
): Promise<{ readonly code: BlobRef; readonly image: StoredImage }> {
  const found = await ctx.ports.runtimes.image(uri);
  if ('lacks' in found) {
    throw fault(
      'InvalidParameterValueException',
      found.lacks === 'engine'
        ? `This function cannot run here: ${found.reason}`
        : `Source image ${uri} does not exist. Provide a valid source image.`,
    );
  }
  const code = await ctx.blobs.put(Buffer.from(found.id));
  return { code, image: { uri, ...found, overrides: before?.overrides ?? {} } };
}

/** Of each member: given ones replace what was there, empty ones give the image's own back. */
export function configureImage(image: StoredImage, config: ImageConfig): StoredImage {
  const { EntryPoint, Command, WorkingDirectory } = config;
  const list = (given: readonly string[] | undefined, before: readonly string[] | undefined) =>
    given === undefined ? before : given.length === 0 ? undefined : given;
  const { entryPoint, command, workingDirectory } = image.overrides;
  return {
    ...image,
    overrides: {
      entryPoint: list(EntryPoint, entryPoint),
      command: list(Command, command),
      workingDirectory: WorkingDirectory === undefined ? workingDirectory : WorkingDirectory || undefined,
    },
  };
}

export function imageSpec({ id, entryPoint, command, overrides }: StoredImage): ImageSpec {
  return {
    id,
    entryPoint: overrides.entryPoint ?? entryPoint,
    command: overrides.command ?? command,
    workingDirectory: overrides.workingDirectory,
  };
}

/** `GetFunction`'s Code. */
export function imageLocation({ uri, id }: StoredImage): Record<string, string> {
  const repository = uri.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
  return { RepositoryType: 'ECR', ImageUri: uri, ResolvedImageUri: `${repository}@${id}` };
}

/** What a version of an image answers in place of what one of a zip does. */
export function describeImage({ image }: FunctionVersion) {
  if (image === undefined) return {};
  const { entryPoint, command, workingDirectory } = image.overrides;
  const overridden = [entryPoint, command, workingDirectory].some((one) => one !== undefined);
  return {
    PackageType: 'Image' as const,
    Runtime: undefined,
    Handler: undefined,
    CodeSize: 0,
    CodeSha256: image.id.replace(/^sha256:/, ''),
    ...(overridden
      ? {
          ImageConfigResponse: {
            ImageConfig: {
              EntryPoint: entryPoint && [...entryPoint],
              Command: command && [...command],
              WorkingDirectory: workingDirectory,
            },
          },
        }
      : {}),
  };
}
