import type { Tag } from '../../model/gen/s3.ts';
import { fault, invalidArgument } from './fault.ts';

export const MOST_OBJECT_TAGS = 10;
export const MOST_BUCKET_TAGS = 50;
const LONGEST_KEY = 128;
const LONGEST_VALUE = 256;
const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/**
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging-managing.html
 * @param reserved the words for keys of AWS's, where they are not the usual ones
 */
export function checkTags(tags: readonly Tag[], most: number, reserved?: string): void {
  if (tags.length > most) {
    throw most === MOST_OBJECT_TAGS
      ? fault('BadRequest', 'Object tags cannot be greater than 10')
      : fault('BadRequest', `Bucket tag count cannot be greater than ${most}`);
  }
  const keys = new Set<string>();
  for (const { Key, Value } of tags) {
    if (Key.length < 1 || Key.length > LONGEST_KEY || !CHARACTERS.test(Key)) {
      throw fault('InvalidTag', 'The TagKey you have provided is invalid', { TagKey: Key });
    }
    if (Value.length > LONGEST_VALUE || !CHARACTERS.test(Value)) {
      throw fault('InvalidTag', 'The TagValue you have provided is invalid', {
        TagKey: Key,
        TagValue: Value,
      });
    }
    if (Key.toLowerCase().startsWith('aws:')) {
      if (reserved !== undefined) throw fault('InvalidTag', reserved);
      throw fault(
        'InvalidTag',
        most === MOST_OBJECT_TAGS
          ? 'Your TagKey cannot be prefixed with aws:'
          : 'System tags cannot be added/updated by requester',
        { TagKey: Key },
      );
    }
    if (keys.has(Key)) {
      throw fault('InvalidTag', 'Cannot provide multiple Tags with the same key', { TagKey: Key });
    }
    keys.add(Key);
  }
}

/** The tags of an `x-amz-tagging` header: query parameters. */
export function tagsOfHeader(header: string | undefined): readonly Tag[] | undefined {
  if (header === undefined || header === '') return undefined;
  const tags: Tag[] = [];
  const wrong = header.split('&').some((pair) => pair.split('=').length > 2);
  for (const [Key, Value] of new URLSearchParams(header)) {
    if (wrong || tags.some((tag) => tag.Key === Key)) {
      throw invalidArgument(
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
        'x-amz-tagging',
        header,
      );
    }
    tags.push({ Key, Value });
  }
  checkTags(tags, MOST_OBJECT_TAGS);
  return tags;
}
